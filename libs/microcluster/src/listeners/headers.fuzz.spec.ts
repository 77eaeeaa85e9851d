/** The parts of a request that our own code reads: its target, its Host, the headers of a tunnel. */
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mutatedText } from '../../../dqlite/src/fuzz/mutated.fixture.js';
import { CORE_LISTENER, decideTrust } from '../access/index.js';
import { retryDelay } from '../client/read-envelope.js';
import { isMicroclusterError } from '../errors/index.js';
import { Address } from '../types/address.js';
import { CorePath } from './core-path.js';
import { isCorePath, requestTarget } from './request-target.js';
import { checkTunnelHeaders, isTunnelRequest } from './tunnel.js';

const TARGETS = [
  '/core/1.0/tokens/a%2fb?target=c1#x',
  '/core/internal/database',
  'https://10.0.0.1:8443/core/1.0?a=b',
  '10.0.0.1:1',
  '*',
];
const WORDS = ['/', '//', '%', '%00', '%ff', '%2f', '..', '?', '#', '\\', '@', '{name}', '/core'];
const target = mutatedText(TARGETS, WORDS);

function requestFor(url: string, method = 'GET'): IncomingMessage {
  return Object.assign(new IncomingMessage(new Socket()), { url, method });
}

describe('a damaged target', () => {
  it('is split into a path and a query that are parts of it', () => {
    fc.assert(
      fc.property(target, (url) => {
        const { path, query, authority = '' } = requestTarget(requestFor(url));
        for (const part of [query, authority]) expect(url).toContain(part);
        expect(path === '/' || url.includes(path)).toBe(true);
        expect(path).not.toContain('?');
      }),
    );
  });

  it('belongs to the Core API only with the very bytes of its prefix', () => {
    fc.assert(
      fc.property(target, (url) => {
        const { path } = requestTarget(requestFor(url));
        expect(isCorePath(path)).toBe(/^\/core(\/|$)/.test(path));
      }),
    );
  });

  it('matches a path of the API with decoded values, not at all, or is no valid encoding', () => {
    const pattern = new CorePath('/core/1.0/tokens/{name}');
    fc.assert(
      fc.property(target, (url) => {
        const { path } = requestTarget(requestFor(url));
        try {
          const found = pattern.match(path);
          if (found === undefined) return;
          expect(Object.keys(found)).toEqual(['name']);
          expect(path.split('/')).toHaveLength(5);
        } catch (error) {
          if (!isMicroclusterError(error, 'MALFORMED_URL')) throw error;
        }
      }),
    );
  });

  it('asks for the tunnel only by its exact path and method', () => {
    fc.assert(
      fc.property(target, fc.constantFrom('POST', 'GET', 'post'), (url, method) => {
        const request = requestFor(url, method);
        request.headers.upgrade = 'dqlite';
        const read = requestTarget(request);
        const isExact = method === 'POST' && read.path === '/core/internal/database';
        expect(isTunnelRequest(request, read)).toBe(isExact);
      }),
    );
  });
});

describe('a damaged Host', () => {
  const own = ['10.0.0.1:8443', '[fe80::1]:8443'];
  const words = ['[', ']', ':', '%', '@', '0', '::', ',', '10.0.0.1', '127.0.0.1:8443'];

  it('is that of this member only when a URL with it leads there', () => {
    fc.assert(
      fc.property(mutatedText(own, words), fc.constantFrom(...own), (host, address) => {
        const { trusted } = decideTrust({
          listener: CORE_LISTENER,
          host,
          ownAddresses: [address],
          certificate: { fingerprint: 'f', notBefore: new Date(0), notAfter: new Date(2e12) },
          now: new Date(1e12),
          preInitTrustsEverybody: false,
          trustedMember: () => ({ name: 'c1', address }),
        });
        if (!trusted) return;
        // A URL has no zone, which a Host does not need either.
        const url = new URL(`http://${host.replace(/%[^\]]*/, '')}`);
        expect(url.host).toBe(address);
      }),
    );
  });

  it('has one canonical text', () => {
    fc.assert(
      fc.property(mutatedText(own, words), (text) => {
        const address = Address.tryParse(text);
        if (address === undefined) return;
        expect(Address.parse(address.toString()).equals(address)).toBe(true);
      }),
    );
  });
});

describe('damaged headers of a tunnel', () => {
  it('are accepted or refused with 400', () => {
    fc.assert(
      fc.property(
        mutatedText(['1', '18446744073709551615', '']),
        mutatedText(['dqlite', 'dqlite, websocket']),
        (version, upgrade) => {
          try {
            checkTunnelHeaders({ 'x-dqlite-version': version, upgrade });
            expect(upgrade).toBe('dqlite');
          } catch (error) {
            if (!isMicroclusterError(error)) throw error;
            expect(error.status).toBe(400);
          }
        },
      ),
    );
  });
});

describe('a damaged Retry-After of a peer', () => {
  it('is a time from now on, or none', () => {
    const words = ['-', '1e9', 'GMT', '99999999999'];
    const header = mutatedText(['5', 'Wed, 21 Oct 2026 07:28:00 GMT'], words);
    fc.assert(
      fc.property(header, (text) => {
        const delay = retryDelay(text, Date.UTC(2026, 9, 21));
        expect(delay === undefined || (delay >= 0 && Number.isFinite(delay))).toBe(true);
      }),
    );
  });
});
