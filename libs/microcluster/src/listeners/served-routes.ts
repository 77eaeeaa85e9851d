/** What one listener serves, for those who describe it. */
import type { CoreRouteDefinition } from './core-route.js';
import type { RegisteredRoute } from './route-registry.js';

/** The routes of one listener. */
export interface ServedRoutes {
  readonly listener: string;
  /** Endpoints of the Core API. */
  readonly core: readonly CoreRouteDefinition[];
  /** Routes of the application; known once it is initialised. */
  readonly routes: readonly RegisteredRoute[];
  /** Whether the listener serves this controller class. */
  readonly serves: (controller: object) => boolean;
}
