/** Brings an initialised member up again from its state directory (`spec/core-api.md` 15). */
import { loadKeyPair } from '../certificates/index.js';
import type { MemberIdentity } from '../lifecycle/member-identity.js';
import type { MemberRuntime } from '../lifecycle/member-runtime.js';
import type { SchemaGate } from '../lifecycle/schema-gate.js';
import { MicroclusterError } from '../errors/index.js';
import type { EngineRound } from '../replication/index.js';
import type { StateDirectory } from '../state/index.js';
import type { Peers } from './peers.js';

/** What a restart needs. */
export interface RestartParts {
  readonly state: StateDirectory;
  readonly identity: MemberIdentity;
  readonly runtime: MemberRuntime;
  readonly schema: SchemaGate;
  readonly peers: Peers;
  readonly onRound: (round: EngineRound) => Promise<void>;
}

/** @throws MicroclusterError when the database cannot be reached; the process should exit and be restarted */
export async function restartMember(
  parts: RestartParts,
  signal: AbortSignal,
  waiting: (members: number) => void,
): Promise<void> {
  const { state, identity, runtime, schema, peers } = parts;
  const config = await state.readDaemonConfig();
  const cluster = await loadKeyPair(state.path, 'cluster');
  if (config === undefined || cluster === undefined) {
    throw new MicroclusterError('STATE_FILE_UNREADABLE', {
      file: config === undefined ? state.daemonConfigPath : `${state.path}/cluster.crt`,
      reason: 'it is missing although this member has a database; restore it from a backup',
    });
  }
  identity.name = config.name;
  identity.address = config.address;
  identity.cluster = cluster;
  await runtime.openListener();
  try {
    await runtime.openDatabase({ kind: 'restart' }, signal, parts.onRound);
  } catch (error) {
    throw new MicroclusterError(
      'FAILED',
      { reason: `Failed to re-establish cluster connection: ${reasonOf(error)}` },
      { cause: error },
    );
  }
  await schema.pass(identity.name, signal, waiting);
  await peers.tell('upgrade-notice', (client) => client.patchDatabase({ notification: true }));
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
