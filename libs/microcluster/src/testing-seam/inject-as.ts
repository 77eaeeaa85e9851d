/** Injects requests as if they had come in on a certain listener, from a certain caller. */
import type { INestApplicationContext } from '@nestjs/common';
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { CORE_LISTENER, PRE_INIT_LISTENER, UNIX_LISTENER } from '../access/index.js';
import { assumeCaller, type AssumedCaller } from '../listeners/assumed-caller.js';
import { injectRequest } from '../listeners/inject.js';
import { INJECTED, markRequest } from '../listeners/listener-identity.js';
import type { MicroclusterAdapter } from '../listeners/index.js';
import { DeclaredServers } from '../servers/index.js';

/** Where an injected request counts as coming from. */
export interface AssumedOrigin {
  /** Name of the listener. */
  readonly listener: string;
  /** Default: what the listener makes of a caller without a certificate. */
  readonly caller?: AssumedCaller;
}

/** Answers `request` as the adapter would on that listener. */
export async function injectAs(
  adapter: MicroclusterAdapter,
  origin: AssumedOrigin,
  request: InjectOptions,
): Promise<LightMyRequestResponse> {
  const { listener, caller } = origin;
  const isTls = listener !== UNIX_LISTENER;
  return injectRequest((incoming, response) => {
    markRequest(incoming, { ...INJECTED, name: listener, isTls });
    if (caller !== undefined) assumeCaller(incoming, caller);
    adapter.dispatch(incoming, response);
  }, request);
}

/** The names of all listeners that the application may have, open or not. */
export function listenerNames(app: INestApplicationContext): string[] {
  const servers = app.get(DeclaredServers, { strict: false }).additional;
  return [UNIX_LISTENER, CORE_LISTENER, PRE_INIT_LISTENER, ...servers.map((server) => server.name)];
}
