/** Brings an initialised member up again from its state directory (`spec/core-api.md` 15). */
import path from 'node:path';
import { isDqliteError } from '@microcluster/dqlite';
import type { LoggerService } from '@nestjs/common';
import { isSameCertificate, loadKeyPair } from '../certificates/index.js';
import {
  dateFaults,
  guessIdentity,
  settleIdentity,
  shownCertificates,
} from '../certificates/rotation/index.js';
import { failedWith } from '../errors/failed-with.js';
import { isMicroclusterError, MicroclusterError, statusOf } from '../errors/index.js';
import type { Failpoints } from '../failpoints/index.js';
import type { MemberIdentity } from '../lifecycle/member-identity.js';
import type { MemberRuntime } from '../lifecycle/member-runtime.js';
import type { SchemaGate, Waiting } from '../lifecycle/schema-gate.js';
import type { ParsedDaemonArgs } from '../options/index.js';
import type { EngineRound } from '../replication/index.js';
import type { StateDirectory } from '../state/index.js';
import type { TrustStore } from '../trust/index.js';
import { trustFromTable } from '../heartbeat/trust-from-table.js';
import { isAccepted, untilRefused } from './away/refusal-watch.js';
import type { ClusterRecords } from './cluster-records.js';
import { requireKeyPair } from './holds-member.js';
import { forgetMember } from './initialise.js';
import type { Peers } from './peers.js';
import { asideName } from './removal/member-reset.js';

/** The certificates by which members recognise each other. */
const BETWEEN_MEMBERS: ReadonlySet<string> = new Set(['server', 'cluster']);

/** What a restart needs. */
export interface RestartParts {
  readonly args: ParsedDaemonArgs;
  readonly state: StateDirectory;
  readonly identity: MemberIdentity;
  readonly trust: TrustStore;
  readonly runtime: MemberRuntime;
  readonly schema: SchemaGate;
  readonly peers: Peers;
  readonly records: ClusterRecords;
  readonly failpoints: Failpoints;
  readonly logger: LoggerService;
  readonly onRound: (round: EngineRound) => Promise<void>;
}

/**
 * Brings the member up, or, when the cluster has removed it meanwhile, moves its state aside and leaves an
 * uninitialised daemon behind instead of one that fails at every start.
 *
 * @returns which of the two
 * @throws MicroclusterError when the database cannot be reached; the process should exit and be restarted
 */
export async function restartMember(
  parts: RestartParts,
  signal: AbortSignal,
  waiting: Waiting,
): Promise<'member' | 'removed'> {
  const { identity, logger, state } = parts;
  try {
    await bringUp(parts, signal, waiting);
    return 'member';
  } catch (error) {
    if (!saysRemoved(error)) throw error;
    const aside = asideName(new Date());
    const { name } = identity;
    await forgetMember(parts, aside);
    logger.warn({ event: 'removed-while-away', name, stateKeptIn: path.join(state.path, aside) });
    return 'removed';
  }
}

async function bringUp(parts: RestartParts, signal: AbortSignal, waiting: Waiting): Promise<void> {
  const { args, state, identity, runtime } = parts;
  const config = await state.readDaemonConfig();
  const cluster = await loadKeyPair(state.path, 'cluster');
  if (cluster === undefined) await requireKeyPair(state.path, 'cluster');
  if (config === undefined || cluster === undefined) {
    throw new MicroclusterError('STATE_FILE_UNREADABLE', {
      file: config === undefined ? state.daemonConfigPath : `${state.path}/cluster.crt`,
      reason: 'it is missing although this member has a database; restore it from a backup',
    });
  }
  identity.name = config.name;
  identity.address = config.address;
  identity.cluster = cluster;
  await guessIdentity(parts, () => isAccepted({ ...parts, probeMs: args.timeouts.probe }, signal));
  await runtime.openListener();
  await openUnlessRefused(parts, signal).catch(async (error: unknown) =>
    failedWith('Failed to re-establish cluster connection')(await withDates(parts, error)),
  );
  await requireOwnRow(parts);
  await passGate(parts, signal, waiting);
}

/** Members that wait already look again when this one has the new release, and when it has updated the schema. */
async function passGate(
  { args, identity, schema, peers }: RestartParts,
  signal: AbortSignal,
  waiting: Waiting,
): Promise<void> {
  // One that is away looks by itself; it must not keep this member from being ready.
  const timeoutMs = args.timeouts.probe;
  const notify = () =>
    peers.tell('upgrade-notice', (client) =>
      client.patchDatabase({ notification: true, timeoutMs }),
    );
  let announced: Promise<void> | undefined;
  try {
    await schema.pass(identity.name, signal, (blockedBy) => {
      waiting(blockedBy);
      announced ??= notify();
    });
  } finally {
    await announced;
  }
  await notify();
}

/** Opens the database; the others may say meanwhile that they have removed this member. */
async function openUnlessRefused(parts: RestartParts, signal: AbortSignal): Promise<void> {
  const { args, identity, peers, runtime } = parts;
  const watching = new AbortController();
  const opening = new AbortController();
  const refusal = untilRefused(
    { identity, peers, probeMs: args.timeouts.probe },
    AbortSignal.any([signal, watching.signal]),
  ).then(
    () => opening.abort(new MicroclusterError('MEMBER_REMOVED', { name: identity.name })),
    // The watch ends when the database is open, or the daemon stops.
    () => undefined,
  );
  try {
    const limit = AbortSignal.any([signal, opening.signal]);
    await runtime.openDatabase({ kind: 'restart' }, limit, parts.onRound);
  } catch (error) {
    opening.signal.throwIfAborted();
    throw error;
  } finally {
    watching.abort();
    await refusal;
  }
}

/** The same failure, and what is wrong with the dates of the certificates by which members recognise each other. */
async function withDates(parts: RestartParts, error: unknown): Promise<unknown> {
  const { identity, peers, state } = parts;
  if (peers.others().length === 0) return error;
  const shown = await shownCertificates(identity, state).catch(() => []);
  const faults = dateFaults(shown, new Date()).filter(({ name }) => BETWEEN_MEMBERS.has(name));
  if (faults.length === 0) return error;
  const why = faults.map(({ problem, todo }) => `${problem}; ${todo}`).join('; ');
  return new MicroclusterError(
    'FAILED',
    { reason: `${error instanceof Error ? error.message : String(error)}; ${why}` },
    { cause: error, status: statusOf(error) },
  );
}

/** A member that still reaches the database may have left the table, or its name may belong to another one now. */
async function requireOwnRow(parts: RestartParts): Promise<void> {
  const { identity, records, trust } = parts;
  const rows = await records.bootstrap(({ members }) => members.list()).catch(() => undefined);
  // A database that is older than the table has its say in the version check.
  if (rows === undefined) return;
  const own = rows.find((row) => row.name === identity.name);
  if (await settleIdentity(parts, own?.certificate)) await parts.runtime.refreshTrust();
  if (!own || !isSameCertificate(own.certificate, identity.server.certificate)) {
    throw new MicroclusterError('MEMBER_REMOVED', { name: identity.name });
  }
  await trustFromTable(identity.name, rows, trust);
}

function saysRemoved(error: unknown): boolean {
  for (let current: unknown = error; current instanceof Error; current = current.cause) {
    if (isMicroclusterError(current, 'MEMBER_REMOVED')) return true;
    if (isDqliteError(current, 'NODE_REMOVED')) return true;
  }
  return false;
}
