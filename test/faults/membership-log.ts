/** Joins during a run, and what the checker of membership needs to know about them. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { eventually } from '../support/eventually.js';
import type {
  MembershipHistory,
  MembershipRecords,
  TokenUse,
  WitnessedJoin,
} from './checkers/membership.js';
import type { FaultCluster } from './cluster/fault-cluster.js';
import type { Member } from './cluster/member.js';

const TOLD_LIMIT_MS = 60_000;
const rows = z.array(z.object({ name: z.string(), address: z.string() }));

export class MembershipLog {
  private readonly tokenUses: TokenUse[] = [];
  private readonly joins: WitnessedJoin[] = [];
  private readonly names = new Map<Member, string>();

  constructor(private readonly cluster: FaultCluster) {}

  /** The name under which the member joined, or tried to. */
  nameOf(member: Member): string {
    return this.names.get(member) ?? member.name;
  }

  /** @param name the token's, where it is not the member's own */
  async join(member: Member, token: string, name = member.name): Promise<void> {
    this.names.set(member, name);
    const { daemon } = member;
    const result = await daemon.tryControl('init', name, member.address, '--token', token);
    const isIn = result.code === 0;
    // A command that was cut off may have been obeyed all the same.
    const outcome = isIn ? 'ok' : result.code === null ? 'unknown' : 'failed';
    this.tokenUses.push({ token, member: member.name, outcome });
    if (!isIn) throw new Error(`${member.name} did not join: ${result.err.trim()}`);
    this.cluster.joined.add(member);
  }

  /** A join while all members are up: each of them has to be told, within a minute. */
  async joinWitnessed(member: Member): Promise<void> {
    const witnesses = this.cluster.members.map(({ name }) => name);
    await member.daemon.start();
    await this.join(member, await this.cluster.token(member.name));
    this.joins.push({ member: member.name, witnesses });
    // The checker, not this wait, judges whether all were told.
    await eventually('all members to be told', TOLD_LIMIT_MS, async () => {
      const told = (await this.cluster.hookRuns()).filter(
        ({ hook, about }) => hook === 'newMember' && about === member.name,
      );
      if (told.length < witnesses.length) throw new Error(`${told.length} were told`);
    }).catch(() => undefined);
  }

  /** Ends a member that has been removed, and lets it start as new. */
  async forget(member: Member): Promise<void> {
    await member.daemon.destroy();
    const { stateDir } = member.daemon;
    const files = await readdir(stateDir).catch(() => []);
    await Promise.all(
      files.map((file) => rm(join(stateDir, file), { recursive: true, force: true })),
    );
  }

  /** What there is to check, once the cluster is quiet. */
  async history(): Promise<MembershipHistory> {
    const records = await Promise.all(this.cluster.members.map((member) => recordsOf(member)));
    const { tokenUses, joins } = this;
    return { records, tokenUses, joins, hooks: await this.cluster.hookRuns() };
  }
}

async function recordsOf(member: Member): Promise<MembershipRecords> {
  const table = rows.parse(await member.ask('GET', '/core/1.0/cluster'));
  const { nodes } = await member.nodes();
  const names = new Map(table.map(({ name, address }) => [address, name]));
  const files = await readdir(join(member.daemon.stateDir, 'truststore'));
  return {
    observer: member.name,
    table: table.map(({ name }) => name),
    nodes: nodes.map(({ address }) => names.get(address) ?? address),
    trusted: files.filter((it) => it.endsWith('.yaml')).map((it) => it.slice(0, -'.yaml'.length)),
  };
}
