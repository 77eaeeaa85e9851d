/** What a simulated joiner does: the steps of `join.ts`, in its order, with the real roll-back. */
import type { JoinToken } from '../../tokens/index.js';
import { isClientError } from '../../client/index.js';
import { tokenResponseSchema, parseValue, zeroTime } from '../../types/index.js';
import { completeJoin } from '../complete-join.js';
import { Rollback } from '../rollback.js';
import { RELEASE, type SimulatedMember, type World } from './member.fixture.js';

const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };
const FAILED = 'nobody admits us';

/** Joins; when a step fails, undoes everything. */
export async function join(world: World, member: SimulatedMember, token: JoinToken): Promise<void> {
  if (member.phase !== 'none' || !member.isUp) return;
  member.phase = 'joining';
  member.isNoted = true;
  const rollback = new Rollback(silent);
  rollback.add('state', () => member.forget());
  try {
    await enter(world, member, token, rollback);
    await world.scheduler.effect(member.life, `${member.name} becomes a node`, () => {
      member.hasDatabase = true;
      world.replication.join(member.address);
    });
    await announce(member);
    member.isNoted = false;
    const { certificate } = member.identity.server;
    await member.write((tables) =>
      completeJoin(tables, certificate, RELEASE, new Date(world.now())),
    );
    member.phase = 'member';
  } catch {
    await rollback.run();
    member.isNoted = false;
  }
}

/** What a process does first: undo a join that was cut short, or come back as a member. */
export async function start(world: World, member: SimulatedMember): Promise<void> {
  if (member.isNoted) {
    const known = [...member.asked, ...member.trust.list().map(({ address }) => address)];
    await withdraw(
      member,
      [...new Set(known)].filter((address) => address !== member.address),
    );
    await member.forget();
    member.isNoted = false;
    return;
  }
  if (!member.hasDatabase) return;
  const { certificate } = member.identity.server;
  try {
    const row = await member.write(({ members }) => members.byCertificate(certificate));
    if (row === undefined) await member.forget();
    else member.phase = 'member';
  } catch {
    const isNode = world.replication.configuration.some(
      ({ address }) => address === member.address,
    );
    if (isNode) member.crash();
    else await member.forget();
  }
}

async function enter(
  { cluster }: World,
  member: SimulatedMember,
  { secret, joinAddresses }: JoinToken,
  rollback: Rollback,
): Promise<void> {
  const { name, address, identity, trust } = member;
  const asked = new Set<string>();
  rollback.add('admission', () => withdraw(member, [...asked]));
  member.asked = joinAddresses;
  for (const at of joinAddresses) {
    try {
      const admission = await member.client(at).addMember({
        name,
        address,
        certificate: identity.server.certificate,
        role: '',
        schema_internal_version: 6,
        schema_external_version: 0,
        last_heartbeat: zeroTime(),
        status: '',
        extensions: [],
        secret,
      });
      parseValue(tokenResponseSchema, admission, 'TokenResponse');
      const members = admission.cluster_members;
      for (const other of [admission.trusted_member, ...members]) {
        asked.delete(other.address);
        asked.add(other.address);
      }
      identity.cluster = cluster;
      const others = members.filter((other) => other.name !== name);
      await trust.replace([...others, { name, address, certificate: identity.server.certificate }]);
      return;
    } catch (error) {
      if (mayHaveTakenEffect(error)) asked.add(at);
    }
  }
  throw new Error(FAILED);
}

function mayHaveTakenEffect(error: unknown): boolean {
  return (
    isClientError(error, 'TIMEOUT', 'DISCONNECTED', 'ABORTED') ||
    (isClientError(error) && (error.status === 503 || error.status === 504))
  );
}

async function withdraw(member: SimulatedMember, addresses: readonly string[]): Promise<void> {
  for (const address of addresses) {
    try {
      await member.client(address).removeMember(member.name, { force: true });
      return;
    } catch (error) {
      if (isClientError(error, 'REPLIED') && error.status === 404) return;
    }
  }
}

async function announce(member: SimulatedMember): Promise<void> {
  const { name, address, identity, services } = member;
  const self = { name, address, certificate: identity.server.certificate };
  const replies = await services.peers.ask(services.peers.others(), (client) =>
    client.truststoreAdd(self),
  );
  if (!replies.some((reply) => 'answer' in reply)) throw new Error('Failed to confirm new member');
}
