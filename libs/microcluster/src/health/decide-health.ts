/** Which checks pass, as pure functions of what was found. */
import type { NodeStatus } from '@microcluster/dqlite';
import type { HealthCheck } from './health-report.js';

/** What a question came to. */
export type Outcome<T> =
  | { readonly kind: 'answered'; readonly value: T }
  | { readonly kind: 'failed'; readonly reason: string }
  /** It was not asked, because it is not open. */
  | { readonly kind: 'not-asked' };

/** What liveness depends on: only what a restart of the daemon would repair. */
export interface LiveFacts {
  /** `undefined` while the daemon has no open database. */
  readonly databaseProcess: NodeStatus | undefined;
  /** How late the event loop was last, and how late it may be, milliseconds. */
  readonly eventLoop: { readonly delayMs: number; readonly limitMs: number };
}

/** What readiness depends on. */
export interface ReadyFacts {
  readonly isShuttingDown: boolean;
  /** Whether the start sequence has finished. */
  readonly hasStarted: boolean;
  readonly database: { readonly open: boolean; readonly text: string };
  /** Address of the leader; empty when the members have none. */
  readonly leader: Outcome<string>;
  /** How long a statement took, milliseconds. */
  readonly query: Outcome<number>;
  /** Whether the listener at the member's address accepts connections. */
  readonly isListening: boolean;
  readonly certificates: Outcome<readonly { readonly name: string; readonly expires: Date }[]>;
  readonly now: Date;
}

/**
 * Whether the daemon works, or should be restarted. A database process that is being restarted by its
 * supervisor, a lost leader or a lost majority are nothing that a restart of the daemon would repair.
 */
export function decideLive({ databaseProcess, eventLoop }: LiveFacts): HealthCheck[] {
  return [
    ok('daemon', 'the daemon answers'),
    eventLoopCheck(eventLoop),
    databaseProcess === 'failed'
      ? failed('database-process', 'the database process could not be started')
      : ok(
          'database-process',
          databaseProcess === undefined ? 'no database is open' : `it is ${databaseProcess}`,
        ),
  ];
}

/** Whether the daemon can serve requests that use the database. */
export function decideReady(facts: ReadyFacts): HealthCheck[] {
  return [
    daemonCheck(facts),
    facts.database.open
      ? ok('database', facts.database.text)
      : failed('database', facts.database.text),
    leaderCheck(facts.leader),
    queryCheck(facts.query),
    facts.isListening
      ? ok('listener', "the Core API listens at the member's address")
      : failed('listener', "the Core API does not listen at the member's address"),
    certificatesCheck(facts),
  ];
}

function eventLoopCheck({ delayMs, limitMs }: LiveFacts['eventLoop']): HealthCheck {
  return delayMs < limitMs
    ? ok('event-loop', `it was ${Math.round(delayMs)} ms late`)
    : failed(
        'event-loop',
        `it stood still for ${(delayMs / 1_000).toFixed(1)} s, longer than ${limitMs / 1_000} s; look for long computations and synchronous calls`,
      );
}

function daemonCheck({ isShuttingDown, hasStarted }: ReadyFacts): HealthCheck {
  if (isShuttingDown) return failed('daemon', 'the daemon is shutting down');
  return hasStarted
    ? ok('daemon', 'the daemon has started')
    : failed('daemon', 'the daemon is still starting');
}

function leaderCheck(leader: Outcome<string>): HealthCheck {
  switch (leader.kind) {
    case 'not-asked':
      return failed('leader', 'not asked for, since the database is not open');
    case 'failed':
      return failed('leader', leader.reason);
    case 'answered':
      return leader.value === ''
        ? failed(
            'leader',
            'the cluster has no leader; most members must be up and reach each other',
          )
        : ok('leader', `the leader is ${leader.value}`);
  }
}

function queryCheck(query: Outcome<number>): HealthCheck {
  switch (query.kind) {
    case 'not-asked':
      return failed('query', 'not tried, since the database is not open');
    case 'failed':
      return failed('query', query.reason);
    case 'answered':
      return ok('query', `the leader answered a statement in ${Math.ceil(query.value)} ms`);
  }
}

function certificatesCheck({ certificates, now }: ReadyFacts): HealthCheck {
  if (certificates.kind === 'failed') return failed('certificates', certificates.reason);
  const known = certificates.kind === 'answered' ? certificates.value : [];
  const [first] = known.toSorted((a, b) => a.expires.getTime() - b.expires.getTime());
  if (first === undefined) return ok('certificates', 'there are none yet');
  const text = `the certificate "${first.name}"`;
  return first.expires <= now
    ? failed('certificates', `${text} expired on ${first.expires.toISOString()}; replace it`)
    : ok('certificates', `${text} is the first to expire, on ${first.expires.toISOString()}`);
}

function ok(name: string, reason: string): HealthCheck {
  return { name, status: 'ok', reason };
}

function failed(name: string, reason: string): HealthCheck {
  return { name, status: 'failed', reason };
}
