/** A cluster of simulated members with one database: driven by a history of events, then left alone, then examined. */
import type { KeyPair } from '../../certificates/index.js';
import { applySchemaUpdates, MembersTable, TokensTable } from '../../database/index.js';
import { ReservationsTable } from '../../database/reservations-table.js';
import type { FixtureSession } from '../../database/sqlite-session.fixture.js';
import type { JoinToken } from '../../tokens/index.js';
import type { Tables } from '../cluster-records.js';
import { RemovalsTable } from '../removal/removals-table.js';
import { join, start } from './joiner.fixture.js';
import { SimulatedMember, type World } from './member.fixture.js';
import { SimulatedReplication } from './replication.fixture.js';
import { Scheduler, type Outcome } from './scheduler.fixture.js';

/** Something that happens. Members are counted from 0. */
export type Event =
  /** One waiting effect takes place. */
  | { readonly kind: 'step'; readonly pick: number; readonly outcome: Outcome }
  | { readonly kind: 'join' | 'crash' | 'start' | 'elect'; readonly who: number }
  | {
      readonly kind: 'remove';
      readonly who: number;
      readonly asked: number;
      readonly force: boolean;
    }
  /** Time passes, and every member's background loop goes round. */
  | { readonly kind: 'tick' };

/** Longer than the limits of the reaper in a few ticks, milliseconds. */
const TICK = 20_000;
const TICKS_UNTIL_QUIET = 10;

/** Key pairs of each name, made once, since they are costly. */
export type KeyPairs = ReadonlyMap<string, readonly KeyPair[]>;

export const NAMES = ['m1', 'm2', 'm3', 'm4', 'm5'] as const;

export class SimulatedCluster {
  readonly members: readonly SimulatedMember[];
  private readonly scheduler = new Scheduler();
  private readonly world: World;
  private readonly replication: SimulatedReplication;
  private time = Date.parse('2025-01-01T00:00:00Z');
  private tokens = 0;
  private running = new Set<Promise<void>>();

  private constructor(
    private readonly session: FixtureSession,
    keyPairs: KeyPairs,
  ) {
    const used = new Map<string, number>();
    const memberAt = (address: string) => this.members.find((member) => member.address === address);
    this.replication = new SimulatedReplication((at) => memberAt(at)?.isReplicating ?? false);
    this.world = {
      scheduler: this.scheduler,
      replication: this.replication,
      transaction: (work) => session.transaction(() => work(this.tables)),
      memberAt,
      now: () => this.time,
      keyPair: (name) => {
        const count = used.get(name) ?? 0;
        used.set(name, count + 1);
        const pairs = keyPairs.get(name) ?? [];
        const pair = pairs[count % pairs.length];
        if (pair === undefined) throw new Error(`There is no key pair for ${name}`);
        return pair;
      },
      cluster: keyPairs.get('cluster')?.[0] ?? { certificate: '', privateKey: '' },
    };
    this.members = NAMES.map(
      (name, at) => new SimulatedMember(name, `10.0.0.${at + 1}:8443`, this.world),
    );
  }

  /** A cluster of the first `size` members, all settled. */
  static async form(
    session: FixtureSession,
    keyPairs: KeyPairs,
    size: number,
  ): Promise<SimulatedCluster> {
    await applySchemaUpdates(session, { extensions: [], external: [] });
    const cluster = new SimulatedCluster(session, keyPairs);
    for (const member of cluster.members.slice(0, size)) await cluster.found(member);
    await cluster.rest();
    return cluster;
  }

  private get tables(): Tables {
    return {
      members: new MembersTable(this.session),
      tokens: new TokensTable(this.session),
      removals: new RemovalsTable(this.session),
    };
  }

  /** One event, after which everybody has gone on as far as they can. */
  async apply(event: Event): Promise<void> {
    await this.happen(event);
    await this.scheduler.settled();
  }

  private async happen(event: Event): Promise<void> {
    switch (event.kind) {
      case 'step':
        return this.scheduler.step(event.pick, event.outcome);
      case 'tick':
        return this.tick();
      case 'join': {
        const token = await this.token(this.member(event.who).name);
        return this.begin(event.who, (member) => join(this.world, member, token));
      }
      case 'remove':
        return this.begin(event.asked, async (member) => {
          if (member.phase !== 'member') return;
          await member.remove(this.member(event.who).name, event.force);
        });
      case 'crash':
        return this.member(event.who).crash();
      case 'start':
        return this.start(this.member(event.who));
      case 'elect':
        return this.replication.elect(this.member(event.who).address);
    }
  }

  /** Everybody runs, everything that was begun ends, and time passes. */
  async rest(): Promise<void> {
    for (let ticks = 0; ticks < TICKS_UNTIL_QUIET; ticks += 1) {
      for (const member of this.members) if (!member.isUp) this.start(member);
      await this.scheduler.drain();
      this.tick();
      await this.scheduler.drain();
    }
  }

  /** What the three records say, and who takes itself for a member. */
  async records() {
    const rows = await this.tables.members.list();
    const byAddress = new Map(this.members.map(({ address, name }) => [address, name]));
    const named = (addresses: readonly string[]) =>
      addresses.map((address) => byAddress.get(address) ?? address).toSorted();
    return {
      table: rows.map(({ name }) => name),
      nodes: named(this.replication.configuration.map(({ address }) => address)),
      members: this.members.flatMap(({ name, phase }) => (phase === 'member' ? [name] : [])),
      trusting: Object.fromEntries(
        this.members
          .filter(({ phase }) => phase === 'member')
          .map(({ name, trust }) => [
            name,
            trust
              .list()
              .map((entry) => entry.name)
              .toSorted(),
          ]),
      ),
      reserved: await new ReservationsTable(this.session).list(),
      voters: this.replication.configuration.filter(({ role }) => role === 'voter').length,
    };
  }

  /** Operations that have not ended although their member lives. */
  get unfinished(): number {
    return this.running.size;
  }

  private found(member: SimulatedMember): Promise<void> {
    const { name, address, identity } = member;
    const { certificate } = identity.server;
    identity.cluster = this.world.cluster;
    member.hasDatabase = true;
    member.phase = 'member';
    this.replication.join(address);
    return this.world.transaction(async ({ members }) => {
      await members.insertPending({
        name,
        address,
        certificate,
        schemaInternal: 6,
        schemaExternal: 0,
        extensions: [],
      });
      const row = await members.byName(name);
      if (row === undefined) throw new Error('no row');
      await members.recordRound([{ id: row.id, role: 'voter', heartbeat: new Date(this.time) }]);
      for (const other of this.members) {
        if (other.phase === 'member') await other.trust.replace(await members.list());
      }
    });
  }

  /** A token that names all members, as the cluster's operator issues it. */
  private async token(name: string): Promise<JoinToken> {
    const secret = String((this.tokens += 1)).padStart(64, '0');
    const now = new Date(this.time);
    await this.world.transaction(async ({ tokens }) => {
      await tokens.revoke(name).catch(() => undefined);
      await tokens.issue({ name, secret, expiresAt: undefined }, now);
    });
    const joinAddresses = this.members
      .filter(({ phase }) => phase === 'member')
      .map(({ address }) => address);
    return { secret, fingerprint: '', joinAddresses };
  }

  private begin(who: number, operation: (member: SimulatedMember) => Promise<void>): void {
    const member = this.member(who);
    if (member.isUp) this.follow(member, operation(member));
  }

  private start(member: SimulatedMember): void {
    if (member.isUp) return;
    member.boot();
    this.follow(member, start(this.world, member));
  }

  private tick(): void {
    this.time += TICK;
    for (const member of this.members) {
      if (member.isUp) this.follow(member, member.round());
    }
  }

  /** Failures are what the history is about; that an operation never ends is not. */
  private follow({ life }: SimulatedMember, operation: Promise<void>): void {
    const settled = Promise.race([operation.catch(() => undefined), life.over]);
    this.running.add(settled);
    void settled.finally(() => this.running.delete(settled));
  }

  private member(who: number): SimulatedMember {
    const member = this.members[who % this.members.length];
    if (member === undefined) throw new Error('there is no member');
    return member;
  }
}
