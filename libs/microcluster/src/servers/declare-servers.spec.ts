import { Controller, Get, type Type } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { PreInit, Server } from '../access/index.js';
import type { ServerArgs } from '../options/index.js';
import { declareServers } from './declare-servers.js';

@Controller('reports')
class Reports {
  @Get()
  list() {
    return [];
  }
}

@Controller('empty')
class Empty {}

@Server('tagged')
@PreInit()
@Controller('tagged')
class Tagged {
  @Get()
  show() {
    return 1;
  }
}

const resources = [Reports];
const address = (text: string) => ({ serverConfig: { address: text } });

function declare(
  servers: Readonly<Record<string, ServerArgs>>,
  controllers: readonly Type[] = [Reports, Empty],
  coreAddress?: string,
) {
  return declareServers(servers, controllers, coreAddress);
}

describe('declareServers', () => {
  it.each<[string, Readonly<Record<string, ServerArgs>>]>([
    ['Server name "a_b" is not a valid FQDN: ', { a_b: { resources } }],
    ['Cannot use the reserved server name "core"', { core: { resources } }],
    ['Cannot use the reserved server name "unix"', { unix: { resources } }],
    ['Cannot use the reserved server name "pre-init"', { 'pre-init': { resources } }],
    ['Cannot use the reserved server name "cluster"', { cluster: { resources } }],
    ['Server must have defined resources', { a: { resources: [] } }],
    [
      'Cannot serve non-core API resources over the core unix socket',
      { a: { serveUnix: true, resources } },
    ],
    [
      'Core API server cannot have a dedicated certificate',
      { a: { coreApi: true, dedicatedCertificate: true, resources } },
    ],
    [
      'Core API server cannot have a pre-defined address',
      { a: { coreApi: true, ...address('10.0.0.1:1'), resources } },
    ],
    [
      'Server address "10.0.0.1:1" conflicts with another Server (server "b" and server "a")',
      { a: { ...address('10.0.0.1:1'), resources }, b: { ...address('10.0.0.1:1'), resources } },
    ],
    [
      'Server address "[::1]:8443" conflicts with another Server',
      { a: { ...address('[::1]'), resources }, b: { ...address('[0:0::1]:8443'), resources } },
    ],
    [
      'Server "a" resource must have defined endpoints',
      { a: { coreApi: true, resources: [Reports, Empty] } },
    ],
  ])('refuses: %s', (text, servers) => {
    expect(() => declare(servers)).toThrow(text);
  });

  it('refuses the address of the Core API, then and at initialisation', () => {
    const servers = { a: { ...address('10.0.0.1:9000'), resources } };
    expect(() => declare(servers, [Reports], '10.0.0.1:9000')).toThrow(
      'Server address "10.0.0.1:9000" conflicts with another Server (server "a" and the Core API)',
    );
    const declared = declare(servers);
    expect(() => declared.checkAddresses('10.0.0.1:9000')).toThrow('conflicts');
    expect(() => declared.checkAddresses('10.0.0.1:9001')).not.toThrow();
  });

  it('names a controller that is tagged with, or named by, what does not exist', () => {
    expect(() => declare({}, [Tagged])).toThrow('Tagged is tagged @Server("tagged")');
    expect(() => declare({ a: { resources } }, [])).toThrow('Reports, which no module declares');
  });

  it('adds up what the map and the decorators say', () => {
    const [server] = declare({ tagged: { ...address('10.0.0.1') } }, [Tagged]).all;
    expect(server).toEqual({
      name: 'tagged',
      coreApi: false,
      preInit: true,
      serveUnix: false,
      address: '10.0.0.1:8443',
      dedicatedCertificate: false,
      drainTimeoutMs: 0,
      resources: [],
    });
  });

  it('lets one controller be on the Core API and on a listener of its own', () => {
    const declared = declare({ a: { coreApi: true, resources }, b: { resources } });
    expect(declared.additional.map(({ name }) => name)).toEqual(['b']);
    expect(declared.additionalNamed('a')).toBeUndefined();
  });
});
