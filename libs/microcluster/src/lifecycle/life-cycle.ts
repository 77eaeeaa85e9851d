/**
 * The one state machine of a daemon's life: pure, without I/O or clock.
 *
 * `not-initialised` --bootstrap/join--> `starting` --> (`waiting` -->) `ready` --> `stopping` --> `offline`;
 * a reset leads back to `not-initialised`. A process begins in `starting`: until it has looked at its state directory,
 * it may be a member, of which a bootstrap or a join would leave nothing.
 */

/** Where a daemon is in its life. */
export type LifeCycleState =
  | { readonly name: 'not-initialised' }
  | { readonly name: 'starting' }
  | { readonly name: 'waiting'; readonly blockedBy: readonly string[] }
  | { readonly name: 'ready' }
  | { readonly name: 'resetting' }
  | { readonly name: 'stopping' }
  | { readonly name: 'offline' };

/** What may happen to it. */
export type LifeCycleEvent =
  /** A bootstrap or a join. */
  | { readonly type: 'start' }
  /** The start found no member in the state directory. */
  | { readonly type: 'uninitialised' }
  /** The database waits until the named members have been upgraded. */
  | { readonly type: 'wait'; readonly blockedBy: readonly string[] }
  | { readonly type: 'opened' }
  /** The member's state is being wiped: after a removal, or to undo a failed bootstrap or join. */
  | { readonly type: 'reset' }
  | { readonly type: 'wiped' }
  | { readonly type: 'stop' }
  | { readonly type: 'stopped' };

type Transitions = {
  readonly [Event in LifeCycleEvent['type']]: readonly LifeCycleState['name'][];
};

/** From which states each event is accepted. */
const accepted: Transitions = {
  start: ['not-initialised'],
  uninitialised: ['starting'],
  wait: ['starting', 'waiting'],
  opened: ['starting', 'waiting'],
  reset: ['starting', 'waiting', 'ready'],
  wiped: ['resetting'],
  stop: ['not-initialised', 'starting', 'waiting', 'ready', 'resetting', 'stopping'],
  stopped: ['stopping'],
};

/**
 * The state that follows `event`, or `undefined` when the event is not accepted in `state`: two operations
 * at once, or one that comes too late.
 */
export function nextState(
  state: LifeCycleState,
  event: LifeCycleEvent,
): LifeCycleState | undefined {
  if (!accepted[event.type].includes(state.name)) {
    return undefined;
  }
  switch (event.type) {
    case 'start':
      return { name: 'starting' };
    case 'uninitialised':
      return { name: 'not-initialised' };
    case 'wait':
      return { name: 'waiting', blockedBy: event.blockedBy };
    case 'opened':
      return { name: 'ready' };
    case 'reset':
      return { name: 'resetting' };
    case 'wiped':
      return { name: 'not-initialised' };
    case 'stop':
      return { name: 'stopping' };
    case 'stopped':
      return { name: 'offline' };
  }
}

/** The database status of `spec/core-api.md` 20.1 that belongs to a state. */
export interface DatabaseStatus {
  /** Whether requests may use the database. */
  readonly open: boolean;
  /** Transactions of the daemon itself also run while waiting for an upgrade. */
  readonly transactions: boolean;
  /** The text of a 503. */
  readonly text: string;
}

/** Translates a state into what callers of the API are told. */
export function databaseStatus(state: LifeCycleState): DatabaseStatus {
  switch (state.name) {
    case 'not-initialised':
      return { open: false, transactions: false, text: 'Database is not yet initialized' };
    case 'starting':
      return { open: false, transactions: false, text: 'Database is still starting' };
    case 'waiting':
      return {
        open: false,
        transactions: true,
        text: `Database is waiting for an upgrade: ${state.blockedBy.length} cluster members have not yet received the update`,
      };
    case 'ready':
      return { open: true, transactions: true, text: 'Database is online' };
    case 'resetting':
    case 'stopping':
    case 'offline':
      return { open: false, transactions: false, text: 'Database is offline' };
  }
}
