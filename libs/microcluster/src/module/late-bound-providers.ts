/** Makes the references between parts of which each needs the other. */
import type { Provider } from '@nestjs/common';
import type { Daemon } from '../lifecycle/daemon.js';
import type { MemberRuntime } from '../lifecycle/member-runtime.js';
import type { EngineRound } from '../replication/index.js';
import { LateBound } from './late-bound.js';

/** What a round of role checks triggers. */
export type RoundHandler = (round: EngineRound) => Promise<void>;

/** Bound once the heartbeats exist; the engine that starts rounds exists before them. */
export const ROUND_HANDLER = Symbol('round handler');
/** Bound once the member's runtime exists; its listeners exist before it. */
export const RUNNING_MEMBER = Symbol('running member');
/** Bound once the daemon exists; who reads the database exists before it. */
export const DATABASE_STATUS = Symbol('database status');

/** They need nothing. */
export const LATE_BOUND_PROVIDERS: Provider[] = [
  { provide: ROUND_HANDLER, useFactory: () => new LateBound<RoundHandler>('round handler') },
  { provide: RUNNING_MEMBER, useFactory: () => new LateBound<MemberRuntime>('running member') },
  { provide: DATABASE_STATUS, useFactory: () => new LateBound<Daemon>('daemon') },
];
