/** Checks the `servers` map and the decorators together, before anything listens (`spec/core-api.md` 22.2). */
import type { Type } from '@nestjs/common';
import { METHOD_METADATA } from '@nestjs/common/constants.js';
import { CORE_LISTENER, PRE_INIT_LISTENER, UNIX_LISTENER, placementOn } from '../access/index.js';
import { MicroclusterError } from '../errors/index.js';
import type { ServerArgs } from '../options/index.js';
import { parseServerName } from '../types/index.js';
import { DeclaredServers, listenAddress, type DeclaredServer } from './declared-servers.js';

/**
 * Names that mean something else: the listeners that every daemon has, and the certificates that are not
 * those of an additional server (`spec/core-api.md` 21).
 */
const RESERVED_NAMES: ReadonlySet<string> = new Set([
  CORE_LISTENER,
  UNIX_LISTENER,
  PRE_INIT_LISTENER,
  'cluster',
  'server',
]);

/**
 * Checks every server and puts together what the map and the decorators say.
 *
 * @param servers `DaemonArgs.servers`
 * @param controllers every controller class of the application
 * @param coreAddress the address of the Core API, or of the pre-init listener, as far as it is known
 * @throws InvalidValueError for a name that is none; MicroclusterError `SERVER_SETTINGS` for everything else
 */
export function declareServers(
  servers: Readonly<Record<string, ServerArgs>>,
  controllers: readonly Type[],
  coreAddress?: string,
): DeclaredServers {
  requireDeclared(servers, controllers);
  const declared = new DeclaredServers(
    Object.entries(servers).map(([name, server]) => declare(name, server, controllers)),
  );
  declared.checkAddresses(coreAddress);
  return declared;
}

function declare(name: string, server: ServerArgs, controllers: readonly Type[]): DeclaredServer {
  parseServerName(name);
  if (RESERVED_NAMES.has(name)) refuse(`Cannot use the reserved server name "${name}"`);
  const { coreApi = false, serveUnix = false, dedicatedCertificate = false } = server;
  const resources = server.resources ?? [];
  const tagged = controllers.filter((controller) => serversOf(controller).includes(name));
  const members = new Set([...resources, ...tagged]);
  if (members.size === 0) refuse('Server must have defined resources', name);
  if (serveUnix && !coreApi) {
    refuse('Cannot serve non-core API resources over the core unix socket', name);
  }
  if (coreApi && dedicatedCertificate) {
    refuse('Core API server cannot have a dedicated certificate', name);
  }
  const address = listenAddress(server.serverConfig?.address);
  if (coreApi && address !== undefined) {
    refuse('Core API server cannot have a pre-defined address', name);
  }
  for (const controller of resources) requireEndpoints(name, controller, controllers);
  return {
    name,
    coreApi,
    serveUnix,
    dedicatedCertificate,
    address,
    resources,
    preInit:
      server.preInit === true ||
      (!coreApi && [...members].some((controller) => placementOn(controller).preInit === true)),
    drainTimeoutMs: server.drainConnectionsTimeout ?? 0,
  };
}

function requireEndpoints(name: string, controller: Type, controllers: readonly Type[]): void {
  if (!controllers.includes(controller)) {
    refuse(
      `Server "${name}" offers the controller ${controller.name}, which no module declares; add it to the controllers of a module`,
    );
  }
  if (!hasEndpoints(controller)) refuse(`Server "${name}" resource must have defined endpoints`);
}

/** A tag that names a server which is not declared would be served nowhere. */
function requireDeclared(
  servers: Readonly<Record<string, ServerArgs>>,
  controllers: readonly Type[],
): void {
  for (const controller of controllers) {
    for (const name of serversOf(controller)) {
      if (!Object.hasOwn(servers, name)) {
        refuse(
          `The controller ${controller.name} is tagged @Server("${name}"), but the servers of MicroclusterModule have no such name; declare it there or correct the tag`,
        );
      }
    }
  }
}

function serversOf(controller: Type): readonly string[] {
  return placementOn(controller).servers ?? [];
}

function hasEndpoints(controller: Type): boolean {
  const start: unknown = controller.prototype;
  let prototype = typeof start === 'object' ? start : null;
  while (prototype !== null && prototype !== Object.prototype) {
    for (const { value } of Object.values(Object.getOwnPropertyDescriptors(prototype))) {
      const method: unknown = value;
      if (typeof method === 'function' && Reflect.hasMetadata(METHOD_METADATA, method)) return true;
    }
    const parent: unknown = Object.getPrototypeOf(prototype);
    prototype = typeof parent === 'object' ? parent : null;
  }
  return false;
}

/** @param server named in brackets where the fixed text does not name it */
function refuse(text: string, server?: string): never {
  const reason = server === undefined ? text : `${text} (server "${server}")`;
  throw new MicroclusterError('SERVER_SETTINGS', { reason });
}
