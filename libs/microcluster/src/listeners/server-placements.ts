/** Where a controller is served, by its decorators and by the servers that it belongs to. */
import { listenersOf, mergePlacements, type Placement } from '../access/index.js';
import { MicroclusterError } from '../errors/index.js';

/** What the `servers` map says of a server (`spec/core-api.md` 22.1). */
export interface ServerDefinition {
  /** Its controllers are on the Core API; otherwise the server has a listener of its own name. */
  readonly coreApi: boolean;
  readonly preInit: boolean;
  readonly serveUnix: boolean;
}

/** The outcome for one controller. */
export interface ResolvedPlacement {
  readonly placement: Placement;
  readonly listeners: readonly string[];
  /** Which declared server put the controller on a listener; none for those that decorators did. */
  readonly serverByListener: ReadonlyMap<string, string>;
}

/** The declared servers and the controllers that they name. */
export class ServerPlacements {
  private readonly definitions = new Map<string, ServerDefinition>();
  private readonly assigned = new Map<object, Set<string>>();

  define(name: string, definition: ServerDefinition): void {
    this.definitions.set(name, definition);
  }

  assign(controller: object, server: string): void {
    const servers = this.assigned.get(controller) ?? new Set();
    this.assigned.set(controller, servers.add(server));
  }

  /**
   * Puts together what decorators and servers say: both add up. A controller may be on the Core API by one
   * server and on a listener of its own by another.
   *
   * @param own what the decorators of the class say
   * @throws MicroclusterError `PLACEMENT_CONTRADICTION` when a decorator excludes a server
   */
  resolve(controller: object, own: Placement): ResolvedPlacement {
    const names = new Set([...(own.servers ?? []), ...(this.assigned.get(controller) ?? [])]);
    const core = [...names].filter((name) => this.definitions.get(name)?.coreApi === true);
    const additional = [...names].filter((name) => !core.includes(name));
    const fromServers = core.map((name) => placementOfCore(this.definitions.get(name)));
    const onCore = [{ ...own, servers: [] }, ...fromServers].reduce(mergePlacements);
    if (fromServers.length === 0) {
      // What a decorator says and a server excludes.
      listenersOf(nameOf(controller), { ...own, servers: additional });
    } else if (own.coreApi === true && additional.length > 0) {
      contradict(
        controller,
        `it is both on the Core API (@CoreApi()) and on the additional server "${additional.join('", "')}" (coreApi: false); drop one of them, or let only servers place it`,
      );
    }
    const preInit =
      onCore.preInit === true ||
      additional.some((name) => this.definitions.get(name)?.preInit === true);
    const listeners = [...listenersOf(nameOf(controller), onCore), ...additional];
    const serverByListener = new Map([
      ...core.flatMap((name) =>
        listenersOf(nameOf(controller), placementOfCore(this.definitions.get(name))).map(
          (listener) => [listener, name] as const,
        ),
      ),
      ...additional
        .filter((name) => this.definitions.has(name))
        .map((name) => [name, name] as const),
    ]);
    return {
      placement: { ...onCore, preInit, servers: additional },
      listeners,
      serverByListener,
    };
  }
}

/** The name of a controller, for errors. */
export function nameOf(controller: object): string {
  return typeof controller === 'function' ? controller.name : String(controller);
}

function placementOfCore(definition: ServerDefinition | undefined): Placement {
  return {
    coreApi: true,
    preInit: definition?.preInit === true,
    serveUnix: definition?.serveUnix === true,
  };
}

function contradict(controller: object, reason: string): never {
  throw new MicroclusterError('PLACEMENT_CONTRADICTION', {
    controller: nameOf(controller),
    reason,
  });
}
