/** Test support: member rows, and a whole cluster of heartbeat services over one database and a virtual clock. */
import { timeLimit } from '@microcluster/dqlite/time-limit';
import { INTERNAL_EXTENSIONS } from '../extensions/index.js';
import {
  applySchemaUpdates,
  MembersTable,
  TokensTable,
  type MemberRow,
  type SqlSession,
} from '../database/index.js';
import type { TrustedMember } from '../trust/index.js';
import { zeroTime, type HeartbeatInfo } from '../types/index.js';
import type { HeartbeatSender } from './decide-receive.js';
import { HeartbeatService, type HeartbeatDependencies } from './heartbeat-service.js';

/** The address of the member called `m<n>`. */
export function addressOf(name: string): string {
  return `10.0.0.${name.slice(1)}:8443`;
}

/** A row with the given differences from that of a healthy voter. */
export function rowOf(name: string, differences: Partial<MemberRow> = {}): MemberRow {
  return {
    id: Number(name.slice(1)),
    name,
    address: addressOf(name),
    certificate: `cert-${name}`,
    schemaInternal: 6,
    schemaExternal: 1,
    heartbeat: zeroTime(),
    role: 'voter',
    extensions: INTERNAL_EXTENSIONS,
    ...differences,
  };
}

/** What the trust store keeps of the member called `name`. */
export function trustOf(name: string): TrustedMember {
  return { name, address: addressOf(name), certificate: `cert-${name}` };
}

/** One member of a {@link VirtualCluster}. */
export interface VirtualMember {
  readonly name: string;
  readonly service: HeartbeatService;
  trusted: readonly TrustedMember[];
  /** Answers nothing while false. */
  up: boolean;
  readonly newer: object[];
}

/** Members that share one database, one leader and one clock. */
export class VirtualCluster {
  readonly members = new Map<string, VirtualMember>();
  readonly warnings: object[] = [];
  leader = 'm1';
  /** What the machines' clocks say, milliseconds; a test may set it as an operator might. */
  time = new Date('2024-10-22T11:22:33.000Z').getTime();
  /** Milliseconds that have passed, whatever the clocks say. */
  elapsedMs = 0;

  private constructor(private readonly session: SqlSession) {}

  static async create(session: SqlSession, names: readonly string[]): Promise<VirtualCluster> {
    await applySchemaUpdates(session, { extensions: INTERNAL_EXTENSIONS, external: [] });
    const cluster = new VirtualCluster(session);
    for (const name of names) await cluster.admit(name);
    return cluster;
  }

  get tables() {
    return { members: new MembersTable(this.session), tokens: new TokensTable(this.session) };
  }

  /** Adds a member's `PENDING` row, and lets it and the leader trust what the specification says. */
  async admit(name: string): Promise<void> {
    await this.session.transaction(() =>
      this.tables.members.insertPending({
        ...trustOf(name),
        schemaInternal: 6,
        schemaExternal: 0,
        extensions: INTERNAL_EXTENSIONS,
      }),
    );
    const leader = this.members.get(this.leader);
    const trusted = [...(leader?.trusted ?? []), trustOf(name)];
    if (leader !== undefined) leader.trusted = trusted;
    this.join(name, trusted);
  }

  /** Starts the service of a member. */
  join(
    name: string,
    trusted: readonly TrustedMember[],
    overrides: Partial<HeartbeatDependencies> = {},
  ): void {
    const service = new HeartbeatService({
      intervalMs: 10_000,
      self: () => ({ name, address: addressOf(name) }),
      records: {
        read: (work) => work(this.tables),
        write: (work) => this.session.transaction(() => work(this.tables)),
      },
      trust: {
        list: () => this.member(name).trusted,
        replace: async (members) => {
          this.member(name).trusted = [...members];
        },
      },
      leader: async () => addressOf(this.leader),
      send: (address, info, signal) => this.deliver(name, address, info, signal),
      now: () => new Date(this.time),
      monotonicMs: () => this.elapsedMs,
      onNewerSchema: (newest) => {
        this.member(name).newer.push(newest);
      },
      logger: { warn: (event) => this.warnings.push(event) },
      ...overrides,
    });
    this.members.set(name, { name, service, trusted, up: true, newer: [] });
  }

  member(name: string): VirtualMember {
    const member = this.members.get(name);
    if (member === undefined) throw new Error(`There is no member ${name}`);
    return member;
  }

  /** Triggers a round on the leader, in which the members named have their roles. */
  async round(roles: Readonly<Record<string, string>>, on: string = this.leader) {
    const byAddress = Object.entries(roles).map(([name, role]): [string, string] => [
      addressOf(name),
      role,
    ]);
    return this.member(on).service.beginRound(
      { leaderAddress: addressOf(on), roles: new Map(byAddress) },
      timeLimit(60_000),
    );
  }

  private async deliver(
    from: string,
    address: string,
    info: HeartbeatInfo,
    signal: AbortSignal,
  ): Promise<void> {
    const to = [...this.members.values()].find((member) => addressOf(member.name) === address);
    if (to === undefined || !to.up) throw new Error(`Nobody listens at ${address}`);
    const known = to.trusted.some((member) => member.name === from);
    const sender: HeartbeatSender = known ? { kind: 'member', name: from } : { kind: 'stranger' };
    await to.service.handle(info, sender, signal);
  }
}
