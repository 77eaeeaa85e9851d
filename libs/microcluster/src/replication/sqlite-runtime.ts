/** The embedded engine: one SQLite file, for a member that has no peers. It never pretends to replicate. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { SqliteEngine, type NodeInfo } from '@microcluster/dqlite';
import { guardedEngine, type SpaceGuard } from '../free-space/index.js';
import { MicroclusterError } from '../errors/index.js';
import type { ParsedDaemonArgs } from '../options/index.js';
import type { OpenEngine, OpenOptions } from './engine-runtime.js';
import type { OnRound } from './dqlite-runtime.js';

/** The database file in the database directory. */
export const EMBEDDED_FILE = 'embedded.db';

/** Identifier of the only member, the one that the bootstrap node has everywhere (`spec/core-api.md` 1.5). */
const BOOTSTRAP_ID = 3_297_041_220_608_546_238n;

/** Opens the database file below `options.directory` and reports rounds as the leader of a cluster of one. */
export function openSqlite(
  args: Pick<ParsedDaemonArgs, 'heartbeatIntervalMs' | 'timeouts'>,
  options: OpenOptions,
  onRound: OnRound,
  guard: SpaceGuard,
): OpenEngine {
  if (options.plan.kind === 'join') {
    throw new MicroclusterError('ENGINE_CANNOT_JOIN', {});
  }
  const file = path.join(options.directory, EMBEDDED_FILE);
  if (options.plan.kind === 'restart' && !existsSync(file)) {
    // SQLite would make a new one, and the member would start without its data.
    const reason = 'it is missing although this member has a database; restore it from a backup';
    throw new MicroclusterError('STATE_FILE_UNREADABLE', { file, reason });
  }
  const sql = new SqliteEngine({ file, deadlineMs: args.timeouts.statement });
  const self: NodeInfo = { id: BOOTSTRAP_ID, address: options.address, role: 'voter' };
  let running = Promise.resolve();
  const round = () => {
    running = running.then(() =>
      onRound({ isLeader: true, leader: self.address, members: [self] }),
    );
  };
  const timer = setInterval(round, args.heartbeatIntervalMs);
  timer.unref();
  return {
    name: 'sqlite',
    processId: undefined,
    nodeStatus: 'running',
    sql: guardedEngine(sql, guard),
    ready: () => Promise.resolve(),
    leader: () => Promise.resolve(self.address),
    view: () => Promise.resolve({ leader: self.address, members: [self] }),
    members: () => Promise.resolve([self]),
    removeMember: () => Promise.reject(new MicroclusterError('ENGINE_HAS_NO_PEERS', {})),
    transferLeadership: () => Promise.reject(new MicroclusterError('ENGINE_HAS_NO_PEERS', {})),
    onRemoved: () => undefined,
    acceptRaw: (socket) => socket.destroy(),
    acceptStream: (stream) => stream.destroy(),
    dialLocal: () => Promise.reject(new MicroclusterError('ENGINE_HAS_NO_PEERS', {})),
    updateTrust: () => Promise.resolve(),
    handover: () => Promise.resolve(),
    async close() {
      clearInterval(timer);
      await running;
      await guard.close();
      await sql.close();
    },
  };
}
