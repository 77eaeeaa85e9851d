/** What the service manager is told of each state of the daemon's life. */
import { databaseStatus, type LifeCycleState } from '../lifecycle/life-cycle.js';
import type { Notification } from './service-manager.js';

/** What a message depends on. */
export interface NotificationFacts {
  readonly state: LifeCycleState;
  /** Name and address of this member. */
  readonly name: string;
  readonly address: string;
  /** How long a start may wait for the other members, and a stop for them and for clients, milliseconds. */
  readonly startLimitMs: number;
  readonly stopLimitMs: number;
}

/**
 * A member that waits until others are upgraded counts as ready: a manager, or whoever upgrades one machine
 * after the other, would otherwise wait for the very machines whose turn comes later.
 */
export function decideNotification(facts: NotificationFacts): Notification {
  const { state, name, address } = facts;
  switch (state.name) {
    case 'not-initialised':
      return { status: 'Not a member of a cluster yet; bootstrap it or join one' };
    case 'starting':
      return {
        status: 'Starting: looking for the other members',
        extendMs: facts.startLimitMs,
      };
    case 'waiting':
      return { ready: true, status: databaseStatus(state).text };
    case 'ready':
      return { status: `Member "${name}" of the cluster, at ${address}` };
    case 'resetting':
      return { status: 'Leaving the cluster' };
    case 'stopping':
      return { stopping: true, status: 'Stopping', extendMs: facts.stopLimitMs };
    case 'offline':
      return { status: 'Stopped' };
  }
}
