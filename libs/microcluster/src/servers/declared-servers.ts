/** The servers that an application declares, checked as a whole (`spec/core-api.md` 22.1, 22.2). */
import type { Type } from '@nestjs/common';
import { MicroclusterError } from '../errors/index.js';
import { Address, DEFAULT_PORT } from '../types/index.js';

/** One declared server, with what the map and the decorators say of it put together. */
export interface DeclaredServer {
  readonly name: string;
  readonly coreApi: boolean;
  /** Whether its own listener, or its part of the Core API, exists before initialisation. */
  readonly preInit: boolean;
  readonly serveUnix: boolean;
  /** Canonical default address of its listener; `undefined` when it has none. */
  readonly address: string | undefined;
  readonly dedicatedCertificate: boolean;
  /** Milliseconds. */
  readonly drainTimeoutMs: number;
  /** The controllers that the map names; tagged ones name the server themselves. */
  readonly resources: readonly Type[];
}

/** All servers of a daemon. They do not change while it runs; only addresses of listeners do. */
export class DeclaredServers {
  constructor(readonly all: readonly DeclaredServer[]) {}

  /** Those with a listener of their own. */
  get additional(): readonly DeclaredServer[] {
    return this.all.filter((server) => !server.coreApi);
  }

  /** The additional server of that name. */
  additionalNamed(name: string): DeclaredServer | undefined {
    return this.additional.find((server) => server.name === name);
  }

  /**
   * Checks the default addresses against the address of the Core API, at start and again at initialisation.
   *
   * @throws MicroclusterError `SERVER_SETTINGS` when two of them are the same
   */
  checkAddresses(coreAddress: string | undefined): void {
    const owners = new Map<string, string>();
    if (coreAddress !== undefined) owners.set(coreAddress, 'the Core API');
    for (const { name, address } of this.all) {
      if (address === undefined) continue;
      const owner = owners.get(address);
      if (owner !== undefined) {
        throw new MicroclusterError('SERVER_SETTINGS', {
          reason: `Server address "${address}" conflicts with another Server (server "${name}" and ${owner})`,
        });
      }
      owners.set(address, `server "${name}"`);
    }
  }
}

/** The canonical text of a listen address; a missing port is 8443, and the empty text means none. */
export function listenAddress(text: string | undefined): string | undefined {
  return text === undefined || text === ''
    ? undefined
    : Address.parse(text, { defaultPort: DEFAULT_PORT }).toString();
}
