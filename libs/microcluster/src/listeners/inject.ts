/** Requests that never cross a socket, for `app.inject` and tests. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { InjectOptions, LightMyRequestChain } from 'fastify';

/** Makes a request out of `options` and has `dispatch` answer it, as Fastify's own `inject` does. */
export function injectRequest(
  dispatch: (request: IncomingMessage, response: ServerResponse) => void,
  options: InjectOptions | string | undefined,
): LightMyRequestChain {
  // The very package that Fastify uses, wherever a package manager has put it.
  const requireHere = createRequire(import.meta.url);
  const requireThere = createRequire(requireHere.resolve('fastify'));
  const lightMyRequest: unknown = requireThere('light-my-request');
  if (typeof lightMyRequest !== 'function') {
    throw new TypeError('Fastify comes without light-my-request; this version cannot be used');
  }
  return Reflect.apply(lightMyRequest, undefined, [dispatch, options]);
}
