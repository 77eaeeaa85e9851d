/** Serves the documents where the user says so, and nowhere else. */
import type { INestApplication } from '@nestjs/common';
import { adapterOfApplication } from './adapter-of-application.js';
import { openApiDocument, type OpenApiDocumentOptions } from './describe-listener.js';

/** Where the documents are served, and to whom. */
export interface ServeOpenApiOptions extends OpenApiDocumentOptions {
  /** The listeners that serve their own document: `unix`, `core`, `pre-init`, names of additional servers. */
  readonly listeners: readonly string[];
  /** Default `/openapi.json`. */
  readonly path?: string;
  /** Show it to callers without a trusted certificate, too. Default `false`. */
  readonly allowUntrusted?: boolean;
}

/**
 * Serves the document of each named listener on that listener. It is made when it is first asked for.
 *
 * @param app not initialised yet
 * @throws TypeError for unknown listeners; MicroclusterError `RESERVED_PATH` for a path under `/core`
 * @example
 * await runDaemon(AppModule, {
 *   configure: (app) => serveOpenApi(app, { listeners: ['unix', 'core'] }),
 * });
 */
export function serveOpenApi(app: INestApplication, options: ServeOpenApiOptions): void {
  const { listeners, path = '/openapi.json', allowUntrusted = false, ...described } = options;
  if (listeners.length === 0) {
    throw new TypeError('serveOpenApi() needs at least one listener, such as "unix"');
  }
  const adapter = adapterOfApplication(app, listeners);
  const documents = new Map<string, string>();
  adapter.serveJson({
    path,
    rule: {
      listeners: [...listeners],
      allowUntrusted,
      // It says nothing of the cluster's data, and a client may be made before there is any.
      allowedBeforeInit: true,
      allowedDuringShutdown: false,
      proxyTarget: false,
    },
    json: (listener) => {
      const made = documents.get(listener);
      if (made !== undefined) return made;
      const text = JSON.stringify(openApiDocument(app, listener, described));
      documents.set(listener, text);
      return text;
    },
  });
}
