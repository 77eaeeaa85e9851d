/** The settings of a daemon: one message per wrong field, defaults, the environment, and their types. */
import type { Type } from '@nestjs/common';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { DaemonArgs, DynamicDaemonArgs, EngineName, StaticDaemonArgs } from './daemon-args.js';
import { parseDaemonArgs } from './parse-daemon-args.js';

const good: DaemonArgs = { stateDir: '/var/lib/itemsd', version: '1.0.0' };

/** What is said about each wrong field of settings that a program without types could pass. */
function faults(wrong: object, environment: NodeJS.ProcessEnv = {}): string[] {
  const prefix = 'The options of MicroclusterModule are not usable: ';
  try {
    parseDaemonArgs({ ...good, ...wrong }, environment);
  } catch (error) {
    if (error instanceof TypeError && error.message.startsWith(prefix)) {
      return error.message.slice(prefix.length).split('; ');
    }
    throw error;
  }
  throw new Error('the settings were accepted');
}

describe('the settings of a daemon', () => {
  it('have defaults for all but two', () => {
    expect(parseDaemonArgs(good, {})).toMatchObject({
      stateDir: '/var/lib/itemsd',
      version: '1.0.0',
      socketGroup: undefined,
      preInitListenAddress: undefined,
      heartbeatIntervalMs: 10_000,
      engine: undefined,
      failureDomain: 0n,
      drainConnectionsTimeout: 0,
      maxUntrustedConnections: 1_024,
      timeouts: { request: 30_000, ready: 120_000, probe: 2_000, handover: 10_000 },
      metrics: { address: undefined, coreApi: false },
      entities: [],
      servers: {},
    });
  });

  it('are looked up in the environment where they are missing, and only there', () => {
    const environment = { STATE_DIR: '/a', SOCKET_GROUP: 'lxd', MICROCLUSTER_ENGINE: 'sqlite' };
    expect(parseDaemonArgs({ version: '1' }, environment)).toMatchObject({
      stateDir: '/a',
      socketGroup: 'lxd',
      engine: 'sqlite',
    });
    expect(parseDaemonArgs({ ...good, engine: 'dqlite' }, environment)).toMatchObject({
      stateDir: '/var/lib/itemsd',
      engine: 'dqlite',
    });
    expect(parseDaemonArgs(good, { SOCKET_GROUP: '', MICROCLUSTER_ENGINE: '' })).toMatchObject({
      socketGroup: undefined,
      engine: undefined,
    });
  });

  it.each([
    [':9464', '127.0.0.1:9464'],
    ['10.0.0.1:9464', '10.0.0.1:9464'],
  ])('serve metrics at %s as %s', (address, expected) => {
    const { metrics } = parseDaemonArgs({ ...good, metrics: { address } }, {});
    expect(metrics).toEqual({ address: expected, coreApi: false });
  });

  it('make the state directory absolute and the address canonical', () => {
    const parsed = parseDaemonArgs(
      { version: '1', stateDir: 'here', preInitListenAddress: '[FE80::0:1]:9000' },
      {},
    );
    expect(parsed.stateDir).toBe(`${process.cwd()}/here`);
    expect(parsed.preInitListenAddress).toBe('[fe80::1]:9000');
  });

  it.each<[object, RegExp]>([
    [{ stateDir: '' }, /^stateDir must name a directory/],
    [{ stateDir: 7 }, /^stateDir must name a directory/],
    [{ version: '' }, /^version must be the application's version$/],
    [{ version: undefined }, /^version must be the application's version$/],
    [{ preInitListenAddress: 'localhost:8443' }, /^preInitListenAddress must be a literal IP/],
    [{ heartbeatIntervalMs: 99 }, /^heartbeatIntervalMs must be at least 100 ms$/],
    [{ heartbeatIntervalMs: '10s' }, /^heartbeatIntervalMs must be a number of milliseconds/],
    [{ heartbeatIntervalMs: 3_600_001 }, /^heartbeatIntervalMs must be at most 3600000 ms$/],
    [{ heartbeatIntervalMs: 0.5 }, /^heartbeatIntervalMs must be a whole number/],
    [{ engine: 'postgres' }, /^engine must be 'dqlite' or 'sqlite'$/],
    [{ networkLatencyMs: 0 }, /^networkLatencyMs must be at least 1 ms$/],
    [{ failureDomain: -1 }, /^failureDomain must be a whole number from 0$/],
    [{ failureDomain: -0.5 }, /^failureDomain must be a whole number from 0$/],
    [{ drainConnectionsTimeout: -1 }, /^drainConnectionsTimeout must be at least 0 ms$/],
    [{ maxUntrustedConnections: 15 }, /^maxUntrustedConnections must be a whole number from 16/],
    [{ maxUntrustedConnections: 1_000_001 }, /^maxUntrustedConnections must be a whole number/],
    [{ maxUntrustedConnections: 99.5 }, /^maxUntrustedConnections must be a whole number from/],
    [{ socketGroup: 7 }, /^socketGroup must be the name of a group$/],
    [{ allowPreInitCertificateChanges: 'yes' }, /^allowPreInitCertificateChanges must be true or/],
    [{ entities: {} }, /^entities must be an array of entities$/],
    [{ extensionsSchema: 'x' }, /^extensionsSchema must be an array of migration classes or/],
    [{ apiExtensions: 'x' }, /^apiExtensions must be an array of names$/],
    [{ servers: { a: { coreApi: 1 } } }, /^servers.a.coreApi must be true or false$/],
    [{ servers: { a: { resources: {} } } }, /^servers.a.resources must be an array of controllers/],
    [
      { servers: { a: { serverConfig: 'x' } } },
      /^servers.a.serverConfig must be an object with an/,
    ],
    [{ servers: [] }, /^servers must map names to settings$/],
    [{ hooks: { start: 1 } }, /^hooks must be an object of functions$/],
    [{ logger: {} }, /^logger must have the methods log, warn and error$/],
    [{ timeouts: { probe: 1 } }, /^timeouts.probe must be at least 50 ms$/],
    [{ timeouts: { handover: null } }, /^timeouts.handover must be a number/],
  ])('%j gets one message', (wrong, message) => {
    const [field] = Object.keys(wrong);
    const said = faults(wrong).filter((text) => text.startsWith(`${field}`));
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(message);
  });

  it('list every wrong field at once', () => {
    const said = faults({ version: 1, engine: 'x', timeouts: { request: 0, ready: 0 } });
    expect(said.map((text) => text.split(' ')[0])).toEqual([
      'version',
      'engine',
      'timeouts.request',
      'timeouts.ready',
    ]);
  });

  it('name the variable when the environment is wrong', () => {
    expect(faults({}, { MICROCLUSTER_ENGINE: 'mysql' })).toEqual([
      "engine must be 'dqlite' or 'sqlite'",
    ]);
  });
});

describe('the types of the settings', () => {
  it('are the product', () => {
    expectTypeOf<DaemonArgs>().toExtend<StaticDaemonArgs & DynamicDaemonArgs>();
    expectTypeOf<DaemonArgs['engine']>().toEqualTypeOf<EngineName | undefined>();
    expectTypeOf<{ version: string }>().toExtend<DaemonArgs>();
    expectTypeOf<{ stateDir: string }>().not.toExtend<DaemonArgs>();
    // A factory may set addresses and limits of servers, but neither their flags nor their resources.
    expectTypeOf<
      Extract<
        keyof NonNullable<DynamicDaemonArgs['servers']>[string],
        'coreApi' | 'preInit' | 'serveUnix' | 'resources'
      >
    >().toEqualTypeOf<never>();
    expectTypeOf<
      NonNullable<NonNullable<StaticDaemonArgs['servers']>[string]['resources']>
    >().toEqualTypeOf<readonly Type[]>();
  });
});
