/** The Fastify route constraint that makes a route exist only on the listeners that it was given to. */
import type { IncomingMessage } from 'node:http';
import type { FastifyRouterOptions, RawServerDefault } from 'fastify';
import { listenerOf } from './listener-identity.js';

type Constraints = NonNullable<FastifyRouterOptions<RawServerDefault>['constraints']>;

/** Key of the constraint in route options. */
export const LISTENER_CONSTRAINT = 'listener';

/** What requests of no listener derive: it can be no listener's name, so that they match no route. */
const NO_LISTENER = '\0';

/** Handlers per listener, as bits of a mask: several versions of a route may share a listener. */
class ListenerStore {
  private readonly masks = new Map<string, number>();

  /** The router asks with one name; while it builds, with the list of a route, whose bits `set` merges. */
  get(listener: unknown): number | null {
    return typeof listener === 'string' ? (this.masks.get(listener) ?? null) : null;
  }

  set(listeners: unknown, mask: number): void {
    for (const listener of namesIn(listeners)) {
      this.masks.set(listener, (this.masks.get(listener) ?? 0) | mask);
    }
  }
}

/**
 * The constraint strategy. It derives a name for every request, and the router then considers only routes
 * that have the constraint: a route without a listener is found nowhere.
 */
const listenerConstraint = {
  name: LISTENER_CONSTRAINT,
  mustMatchWhenDerived: true,
  storage: () => new ListenerStore(),
  deriveConstraint: (request: IncomingMessage) => listenerOf(request)?.name ?? NO_LISTENER,
  validate(value: unknown): void {
    if (namesIn(value).length === 0) {
      throw new Error('The listener constraint of a route must be a non-empty list of names');
    }
  },
};

/**
 * The constraints of the user's router options, and ours. The router's types promise handlers to a store
 * where it passes bit masks, which is why ours is set without them.
 */
export function withListenerConstraint(constraints: Constraints | undefined): Constraints {
  const together: Constraints = { ...constraints };
  Reflect.set(together, LISTENER_CONSTRAINT, listenerConstraint);
  return together;
}

function namesIn(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((name) => typeof name === 'string');
}
