import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeclaredServer } from './declared-servers.js';
import {
  changesBetween,
  independentAddresses,
  planListeners,
  storedConfigs,
  visibleConfigs,
} from './listener-plan.js';

function server(name: string, settings: Partial<DeclaredServer> = {}): DeclaredServer {
  return {
    name,
    coreApi: false,
    preInit: false,
    serveUnix: false,
    address: undefined,
    dedicatedCertificate: false,
    drainTimeoutMs: 0,
    resources: [],
    ...settings,
  };
}

const declared = [
  server('core-part', { coreApi: true, preInit: true }),
  server('early', { preInit: true, address: '10.0.0.1:1' }),
  server('late', { address: '10.0.0.1:2' }),
  server('silent'),
];
const coreAddress = '10.0.0.1:8443';
const plan = (initialised: boolean, configured = {}) =>
  Object.fromEntries(planListeners({ servers: declared, configured, initialised, coreAddress }));

describe('planListeners', () => {
  it('opens before initialisation what is preInit, afterwards everything with an address', () => {
    expect(plan(false)).toEqual({ early: '10.0.0.1:1' });
    expect(plan(true)).toEqual({ early: '10.0.0.1:1', late: '10.0.0.1:2' });
  });

  it('follows daemon.yaml where it says something', () => {
    const configured = { late: { address: '' }, silent: { address: '10.0.0.1:3' } };
    expect(plan(true, configured)).toEqual({ early: '10.0.0.1:1', silent: '10.0.0.1:3' });
  });

  it('never listens where the Core API does, nor for a server on it', () => {
    const configured = {
      silent: { address: coreAddress },
      'core-part': { address: '10.0.0.1:4' },
    };
    expect(plan(true, configured)).toEqual({ early: '10.0.0.1:1', late: '10.0.0.1:2' });
  });
});

describe('storedConfigs', () => {
  it('notes declared servers that were left out as closed, which clients do not see', () => {
    const requested = { silent: { address: '10.0.0.1:3' } };
    const stored = storedConfigs(declared, requested);
    expect(plan(true, stored)).toEqual({ silent: '10.0.0.1:3' });
    expect(visibleConfigs(stored)).toEqual(requested);
  });
});

describe('changesBetween', () => {
  const addresses = fc
    .dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 1, max: 4 }))
    .map((ports) => new Map(Object.entries(ports).map(([name, port]) => [name, `[::1]:${port}`])));

  it('leads from one set of listeners to the other and leaves the rest alone', () => {
    fc.assert(
      fc.property(addresses, addresses, (open, wanted) => {
        const changes = changesBetween(open, wanted);
        const result = new Map(open);
        for (const name of [...changes.removed.keys(), ...changes.moved.keys()]) {
          result.delete(name);
        }
        for (const [name, address] of changes.opened) {
          expect(result.has(name)).toBe(false);
          result.set(name, address);
        }
        expect(new Map([...result].toSorted())).toEqual(new Map([...wanted].toSorted()));
        const kept = [...open].filter(([name, address]) => wanted.get(name) === address);
        expect(kept.filter(([name]) => changes.opened.has(name))).toEqual([]);
      }),
    );
  });

  it('tries beforehand only addresses whose port no leaving listener holds', () => {
    const changes = changesBetween(
      new Map([['a', '0.0.0.0:1']]),
      new Map([
        ['a', '127.0.0.1:1'],
        ['b', '127.0.0.1:2'],
      ]),
    );
    expect(independentAddresses(changes)).toEqual(['127.0.0.1:2']);
  });
});
