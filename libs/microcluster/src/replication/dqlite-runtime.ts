/** The replicated engine: a supervised dqlite node, its roles and its client. */
import { timeLimit } from '@microcluster/dqlite/time-limit';
import {
  DqliteApp,
  DqliteEngine,
  DqliteProcess,
  dialTunnel,
  type Dial,
  type TunnelTrust,
} from '@microcluster/dqlite';
import { guardedEngine, type SpaceGuard } from '../free-space/index.js';
import { MicroclusterError } from '../errors/index.js';
import type { ParsedDaemonArgs } from '../options/index.js';
import type { EngineRound, OpenEngine, OpenOptions } from './engine-runtime.js';
import { yieldToFullDisk } from './yield-to-full-disk.js';

/** Name of the one database inside dqlite (`spec/core-api.md` 1.2). */
export const DATABASE_NAME = 'db.bin';

/** Heartbeats and role checks follow the rounds of the node's background loop. */
export type OnRound = (round: EngineRound) => Promise<void>;

/**
 * Starts the node of this member. From here on it has `timeouts.ready` until it is ready.
 *
 * @throws DqliteError when the node does not come up; MicroclusterError `UNAVAILABLE` when it takes too long
 */
export async function openDqlite(
  args: ParsedDaemonArgs,
  options: OpenOptions,
  onRound: OnRound,
  guard: SpaceGuard,
): Promise<OpenEngine> {
  const host = new DqliteProcess();
  const { routes = {} } = args;
  let trust: TunnelTrust = { ...options.trust, routes };
  const dial: Dial = (address, signal) =>
    address === options.address
      ? host.dialLocal(signal)
      : dialTunnel({
          address: routes[address] ?? address,
          identity: trust.identity,
          trusted: trust.trustedServers,
          signal,
        });
  const limit = timeLimit(args.timeouts.ready);
  const app = await DqliteApp.open(
    {
      directory: options.directory,
      address: options.address,
      ...(options.plan.kind === 'join' ? { join: [...options.plan.addresses] } : {}),
      host,
      dial,
      transport: { kind: 'tunnel', ...trust },
      networkLatencyMs: args.networkLatencyMs,
      failureDomain: args.failureDomain,
      adjustIntervalMs: args.heartbeatIntervalMs,
      onEvent: ({ type, ...fields }) => {
        args.logger.log({ event: `database-${type}`, ...fields });
      },
      onRound: ({ isLeader, leader, members }) =>
        onRound({ isLeader, leader: leader.address, members }),
    },
    { signal: AbortSignal.any([options.signal, limit]) },
  ).catch(tooLate(limit, args));
  const { logger, timeouts } = args;
  const client = app.client(DATABASE_NAME, { deadlineMs: timeouts.statement });
  const sql = new DqliteEngine({ client });
  yieldToFullDisk({ app, host, guard, logger, handoverMs: timeouts.handover });
  return {
    name: 'dqlite',
    get processId() {
      return host.pid;
    },
    get nodeStatus() {
      return host.status;
    },
    sql: guardedEngine(sql, guard),
    ready: (signal) => app.ready(AbortSignal.any([signal, limit])).catch(tooLate(limit, args)),
    async leader(signal) {
      return (await app.leader(signal))?.address;
    },
    async view(signal) {
      const view = await app.view(signal);
      return { leader: view?.leader.address, members: view?.members ?? [] };
    },
    members: (signal) => app.members(signal),
    removeMember: (id, signal) => app.remove(id, signal),
    transferLeadership: (signal) => transferLeadership(app, signal),
    onRemoved: (listener) => void app.onRemoved(listener),
    acceptRaw: (socket, head) => host.acceptRaw(socket, head),
    acceptStream: (stream, certificate) => host.acceptStream(stream, certificate),
    dialLocal: (signal) => host.dialLocal(signal),
    async updateTrust(next) {
      trust = { ...next, routes };
      await host.updateTrust(trust);
    },
    handover: (signal) => app.handover({ signal }),
    async close() {
      await guard.close();
      await sql.close();
      await app.close();
    },
  };
}

/** For `promise.catch(...)`: an operator has to know which limit it was, and that it can be raised. */
function tooLate(limit: AbortSignal, { timeouts }: ParsedDaemonArgs): (error: unknown) => never {
  return (error) => {
    if (!limit.aborted) throw error;
    throw new MicroclusterError(
      'UNAVAILABLE',
      {
        reason: `The database was not ready within ${timeouts.ready} ms; look for a slow disk or members that are down, or raise the limit timeouts.ready`,
      },
      { cause: error },
    );
  };
}

/** A cluster of two has one voter, so the other one may have to be made a voter first (`spec/core-api.md` 16.2). */
async function transferLeadership(app: DqliteApp, signal: AbortSignal): Promise<void> {
  const others = (await app.members(signal)).filter((member) => member.id !== app.id);
  const [first] = others;
  if (first !== undefined && !others.some((member) => member.role === 'voter')) {
    await app.assign(first.id, 'voter', signal);
  } else if (first === undefined) {
    throw new MicroclusterError('FAILED', { reason: 'Found no voters to transfer leadership to' });
  }
  await app.transfer(undefined, signal);
}
