/** The user's routes by listener: finds conflicts at start-up, and the other methods of a path. */
import type { AccessRule } from '../access/index.js';
import { MicroclusterError } from '../errors/index.js';

/** One registered route. */
export interface RegisteredRoute {
  readonly method: string;
  /** In the router's syntax, such as `/1.0/items/:id`. */
  readonly path: string;
  /** `Controller.method`, for errors. */
  readonly handler: string;
  /** Version and other constraints that let two routes share a path. */
  readonly distinction: string;
  readonly rule: AccessRule;
  /** The declared server that put it on a listener, for errors. */
  readonly serverByListener: ReadonlyMap<string, string>;
  /** Answers without the envelope. */
  readonly rawResponse?: boolean;
  /** Nest would answer 201 where the framework answers 200. */
  readonly impliesCreated?: boolean;
}

interface Entry extends RegisteredRoute {
  readonly shape: string;
  readonly matcher: RegExp;
}

/** All routes of the user's controllers. */
export class RouteRegistry {
  private readonly entries: Entry[] = [];

  /**
   * @throws MicroclusterError `ROUTE_CONFLICT` when another route answers the same requests, `RESERVED_PATH`
   *   when the path belongs to the Core API (`spec/core-api.md` 22.2)
   */
  add(route: RegisteredRoute): void {
    if (route.path === '/core' || route.path.startsWith('/core/')) {
      const [server] = route.serverByListener.values();
      const about = { method: route.method, path: route.path, route: route.handler };
      throw server === undefined
        ? new MicroclusterError('RESERVED_PATH', about)
        : new MicroclusterError('SERVER_RESERVED_PATH', { ...about, server });
    }
    const shape = route.path.replace(/:[^/]+/g, ':');
    for (const other of this.entries) {
      const listener = sharedListener(route, other);
      if (
        listener !== undefined &&
        other.shape === shape &&
        other.method === route.method &&
        other.distinction === route.distinction
      ) {
        throw conflict(other, route, listener);
      }
    }
    this.entries.push({ ...route, shape, matcher: matcherOf(route.path) });
  }

  /**
   * The rule of a route with this path on this listener but another method.
   *
   * @returns `undefined` when there is none, or when the method has a handler that something else than the
   *   path keeps from matching, such as a version
   */
  ruleOfOtherMethod(method: string, path: string, listener: string): AccessRule | undefined {
    const found = this.entries.filter(
      (entry) => entry.rule.listeners.includes(listener) && entry.matcher.test(path),
    );
    return found.some((entry) => entry.method === method) ? undefined : found[0]?.rule;
  }

  /** The routes on this listener, in the order in which they were registered. */
  servedOn(listener: string): readonly RegisteredRoute[] {
    return this.entries.filter(({ rule }) => rule.listeners.includes(listener));
  }

  /** Whether a route for exactly this path exists on this listener. */
  hasPath(path: string, listener: string): boolean {
    return this.entries.some(
      (entry) => entry.path === path && entry.rule.listeners.includes(listener),
    );
  }
}

function conflict(first: RegisteredRoute, second: RegisteredRoute, listener: string) {
  const { method, path } = second;
  const servers = [first, second].map((route) => route.serverByListener.get(listener));
  const [firstServer, secondServer] = servers;
  return firstServer === undefined || secondServer === undefined
    ? new MicroclusterError('ROUTE_CONFLICT', {
        method,
        path,
        first: first.handler,
        second: second.handler,
        listener,
      })
    : new MicroclusterError('SERVER_ROUTE_CONFLICT', {
        method,
        path: path.replace(/^\//, ''),
        first: firstServer,
        second: secondServer,
        firstHandler: first.handler,
        secondHandler: second.handler,
      });
}

function sharedListener(a: RegisteredRoute, b: RegisteredRoute): string | undefined {
  return a.rule.listeners.find((name) => b.rule.listeners.includes(name));
}

/** A parameter takes one part of a path; a wildcard the rest. */
function matcherOf(path: string): RegExp {
  const source = path
    .split('/')
    .map((part) => {
      if (part.includes('*')) return '.*';
      return part.includes(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    })
    .join('/');
  return new RegExp(`^${source}$`);
}
