import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { Readable } from 'node:stream';
import path from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { setTimeout as startedLater } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { certificateDer, generateKeyPair, type KeyPair } from '../certificates/index.js';
import { zeroTime } from '../types/index.js';
import { fetchPeerCertificate, MicroclusterClient } from './index.js';
import {
  failure,
  startRecordingServer,
  success,
  type RecordingServer,
} from './recording-server.fixture.js';

let directory: string;
const cleanups: (() => Promise<unknown>)[] = [];
const cleanup = <T extends { close(): Promise<unknown> }>(thing: T): T => {
  cleanups.push(() => thing.close());
  return thing;
};

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'client-'));
});
afterEach(async () => {
  for (const close of cleanups.splice(0).toReversed()) await close();
  await rm(directory, { recursive: true, force: true });
});

async function local(): Promise<{ server: RecordingServer; client: MicroclusterClient }> {
  const socketPath = path.join(directory, 'control.socket');
  const server = cleanup(await startRecordingServer({ path: socketPath }));
  return { server, client: cleanup(new MicroclusterClient({ socketPath })) };
}

const cluster = await generateKeyPair({ commonName: 'cluster-name' });
const identity = await generateKeyPair({ commonName: 'c2' });
const member = {
  name: 'c1',
  address: '10.0.0.1:8443',
  certificate: identity.certificate,
};

async function remote(
  keyPair: KeyPair = cluster,
  trusted: string | string[] = keyPair.certificate,
) {
  const server = cleanup(await startRecordingServer({ keyPair }));
  const address = `127.0.0.1:${server.port}`;
  const client = cleanup(new MicroclusterClient({ address, identity, trusted }));
  return { server, client, address };
}

/** A TCP server that does `onConnection` and nothing else. */
async function rawServer(onConnection: (socket: net.Socket) => void): Promise<string> {
  const sockets: net.Socket[] = [];
  const server = net.createServer((socket) => {
    sockets.push(socket.on('error', () => undefined));
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const address = server.address();
  return `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

describe('a call over the control socket', () => {
  it('gives the metadata, exact beyond 2^53', async () => {
    const { server, client } = await local();
    server.answer = () => ({ text: success('{"id":3297041220608546238}') });
    expect(await client.request('GET', '/1.0/items')).toEqual({ id: 3297041220608546238n });
    expect(server.requests).toMatchObject([
      { method: 'GET', url: '/1.0/items', body: '', headers: { host: 'unix.socket' } },
    ]);
  });

  it('sends body, query, target and headers', async () => {
    const { server, client } = await local();
    await client.request('POST', '/1.0/items', {
      body: { id: 2n ** 60n },
      query: { a: 'b c' },
      target: 'c2',
      notification: true,
      headers: { 'x-own': 'yes' },
    });
    expect(server.requests).toMatchObject([
      {
        url: '/1.0/items?a=b+c&target=c2',
        body: '{"id":1152921504606846976}',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'lxd-cluster-notifier',
          'x-own': 'yes',
        },
      },
    ]);
  });

  it('is no notification unless it says so', async () => {
    const { server, client } = await local();
    await client.ready();
    expect(server.requests[0]?.headers['user-agent']).not.toContain('notifier');
  });

  it('fails with the status and text of the daemon', async () => {
    const { server, client } = await local();
    server.answer = () => ({ status: 503, text: failure(503, 'Daemon is <not> ready yet') });
    await expect(client.ready()).rejects.toMatchObject({
      name: 'MicroclusterClientError',
      code: 'REPLIED',
      status: 503,
      message: 'Daemon is <not> ready yet',
    });
  });

  it.each([
    ['7', 7_000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['soon', undefined],
  ])('says when a busy daemon wants to be asked again: %s', async (header, expected) => {
    const { server, client } = await local();
    server.answer = (_request, reply) => {
      reply.setHeader('retry-after', header);
      return { status: 503, text: failure(503, 'Too many joins') };
    };
    await expect(client.ready()).rejects.toMatchObject({ retryAfterMs: expected });
  });

  it('sends a stream as it comes', async () => {
    const { server, client } = await local();
    const body = Readable.from([Buffer.from('one '), Buffer.from('two')]);
    await client.request('PUT', '/1.0/upload', { body });
    expect(server.requests).toMatchObject([{ body: 'one two' }]);
    expect(server.requests[0]?.headers).not.toHaveProperty('content-type');
  });

  it('uses the HTTP status, not the one in the body', async () => {
    const { server, client } = await local();
    server.answer = () => ({ status: 200, text: failure(500, 'late failure') });
    await expect(client.ready()).rejects.toMatchObject({ status: 200, message: 'late failure' });
  });

  it.each([
    [
      502,
      '<html>',
      'REPLIED',
      502,
      'Failed to fetch "http://unix.socket/core/1.0/ready": "502 Bad Gateway"',
    ],
    [404, '{"message":"x"}', 'REPLIED', 404, '"404 Not Found"'],
    [200, '<html>', 'BAD_REPLY', 502, 'is no Core API reply'],
    [200, '', 'BAD_REPLY', 502, 'is no Core API reply'],
    [200, '[]', 'BAD_REPLY', 502, 'is no Core API reply'],
  ])('reads the non-envelope %i %j', async (status, text, code, expected, message) => {
    const { server, client } = await local();
    server.answer = () => ({ status, text });
    await expect(client.ready()).rejects.toMatchObject({
      code,
      status: expected,
      message: expect.stringContaining(message),
    });
  });

  it('says what to do when there is no daemon', async () => {
    const socketPath = path.join(directory, 'control.socket');
    const client = cleanup(new MicroclusterClient({ socketPath }));
    await expect(client.ready()).rejects.toMatchObject({
      code: 'UNREACHABLE',
      status: 503,
      message: `Cannot connect to the control socket ${socketPath}: it does not exist; start the daemon, or check the path of the state directory`,
    });
    // A socket that a killed daemon has left behind.
    await promisify(execFile)(process.execPath, [
      '-e',
      `require('net').createServer().listen(${JSON.stringify(socketPath)}, () => process.kill(process.pid, 'SIGKILL'))`,
    ]).catch(() => undefined);
    await expect(client.ready()).rejects.toThrow('no daemon listens on it; start the daemon');
  });

  it('streams replies, also errors', async () => {
    const { server, client } = await local();
    server.answer = (_request, reply) => {
      reply.writeHead(418, { 'x-own': 'yes' });
      reply.write('a');
      reply.end('b');
      return undefined;
    };
    const reply = await client.raw('POST', '/1.0/stream', { body: Buffer.from([1, 2]) });
    expect(reply).toMatchObject({ status: 418, headers: { 'x-own': 'yes' } });
    expect(await readAll(reply.body)).toBe('ab');
    expect(server.requests[0]?.headers['content-type']).toBeUndefined();
  });

  it('lets a stream outlive the deadline of its head, but not its signal', async () => {
    const { server, client } = await local();
    server.answer = (_request, reply) => {
      reply.writeHead(200);
      reply.write('first');
      return undefined;
    };
    const controller = new AbortController();
    const { body } = await client.raw('GET', '/', { signal: controller.signal, timeoutMs: 50 });
    await once(body, 'readable');
    // A timer of the deadline's length that starts after it fires after it, if it is still armed.
    await startedLater(50);
    expect(body.destroyed).toBe(false);
    const failed = once(body, 'error');
    controller.abort();
    await failed;
    await expect.poll(() => server.connections.every((socket) => socket.destroyed)).toBe(true);
  });
});

describe('a call to a member', () => {
  it('shows our identity, trusts the pinned certificate, and uses a connection of its own', async () => {
    const { server, client, address } = await remote();
    await client.ready();
    await client.ready();
    expect(server.connections).toHaveLength(2);
    expect(server.requests[0]).toMatchObject({ headers: { host: address, connection: 'close' } });
    expect(server.requests[0]?.clientCertificate).toEqual(certificateDer(identity.certificate));
  });

  it('works without an identity', async () => {
    const { server, address } = await remote();
    const client = cleanup(new MicroclusterClient({ address, trusted: cluster.certificate }));
    await client.serverInfo().catch(() => undefined);
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]?.clientCertificate).toBeUndefined();
  });

  it('goes to the member itself, whatever proxy the environment names', async () => {
    for (const variable of ['HTTP_PROXY', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY']) {
      vi.stubEnv(variable, 'http://127.0.0.1:1');
    }
    vi.stubEnv('NODE_USE_ENV_PROXY', '1');
    try {
      const { client } = await remote();
      await expect(client.ready()).resolves.toBeUndefined();
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('accepts several certificates during a rotation', async () => {
    const next = await generateKeyPair({ commonName: 'next' });
    const { client } = await remote(next, [cluster.certificate, next.certificate]);
    await expect(client.ready()).resolves.toBeUndefined();
  });

  it('sends nothing to a server with another certificate, even of the same name', async () => {
    const impostor = await generateKeyPair({ commonName: 'cluster-name' });
    const { server, client, address } = await remote(impostor, cluster.certificate);
    await expect(client.ready()).rejects.toMatchObject({
      code: 'UNTRUSTED',
      status: 502,
      message: `Cannot connect to ${address}: it shows another certificate than the cluster's; check that the address belongs to a member of this cluster`,
    });
    expect(server.requests).toHaveLength(0);
  });

  it('refuses an expired certificate, although it is the pinned one', async () => {
    const expired = await generateKeyPair({ now: new Date('2001-01-01T00:00:00Z') });
    const { client } = await remote(expired);
    await expect(client.ready()).rejects.toMatchObject({
      code: 'UNTRUSTED',
      message: expect.stringContaining('its certificate has expired'),
    });
  });

  it('pins a certificate that a CA has signed, and refuses its siblings', async () => {
    const signed = await signedByCa(['leaf-a', 'leaf-b']);
    const { client } = await remote(signed['leaf-a']);
    await expect(client.ready()).resolves.toBeUndefined();
    const other = await remote(signed['leaf-b'], signed['leaf-a']?.certificate);
    await expect(other.client.ready()).rejects.toMatchObject({ code: 'UNTRUSTED' });
    const viaIssuer = await remote(signed['leaf-b'], signed['ca']?.certificate);
    await expect(viaIssuer.client.ready()).rejects.toMatchObject({ code: 'UNTRUSTED' });
  });

  it('says what to do when nothing listens', async () => {
    const { server, client, address } = await remote();
    await server.close();
    cleanups.splice(0, 1);
    await expect(client.ready()).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: `Cannot connect to ${address}: nothing listens there; check the address, and that the daemon runs there`,
    });
  });

  it('gives up at its deadline, whether the peer stalls the handshake or the answer', async () => {
    const address = await rawServer(() => undefined);
    const stalled = cleanup(
      new MicroclusterClient({ address, trusted: cluster.certificate, timeoutMs: 50 }),
    );
    await expect(stalled.ready()).rejects.toMatchObject({ code: 'TIMEOUT', status: 504 });
    const { server, client } = await remote();
    server.answer = () => undefined;
    await expect(client.ready({ timeoutMs: 300 })).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('did not answer GET /core/1.0/ready within 300 ms'),
    });
    await expect.poll(() => server.connections.every((socket) => socket.destroyed)).toBe(true);
  });

  it('ends with its signal and with the client', async () => {
    const { server, client } = await remote();
    const controller = new AbortController();
    server.answer = () => {
      controller.abort(new Error('enough'));
      return undefined;
    };
    await expect(client.ready({ signal: controller.signal })).rejects.toMatchObject({
      code: 'ABORTED',
      cause: expect.objectContaining({ message: 'enough' }),
    });
    await expect(client.ready({ signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    });
    server.answer = () => {
      void client.close();
      return undefined;
    };
    await expect(client.ready()).rejects.toThrow('is closed');
    await expect(client.ready()).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('says that the outcome is unknown when the connection ends before the answer', async () => {
    const { server, client } = await remote();
    server.answer = (_request, reply) => {
      reply.destroy();
      return undefined;
    };
    await expect(client.ready()).rejects.toMatchObject({ code: 'DISCONNECTED', status: 503 });
    server.answer = (_request, reply) => {
      reply.writeHead(200, { 'content-length': 100 });
      reply.write('{', () => reply.destroy());
      return undefined;
    };
    await expect(client.ready()).rejects.toMatchObject({ code: 'DISCONNECTED' });
  });

  it('refuses addresses and certificates that do not parse', () => {
    const trusted = cluster.certificate;
    expect(() => new MicroclusterClient({ address: 'host:1', trusted })).toThrow('Invalid address');
    expect(() => new MicroclusterClient({ address: '[::1]:1', trusted: 'x' })).toThrow(
      'Failed to decode certificate',
    );
  });
});

describe('a peer that does not speak HTTP', () => {
  it('is a bad reply', async () => {
    const socketPath = path.join(directory, 'control.socket');
    const server = net.createServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n'));
    server.listen(socketPath);
    await once(server, 'listening');
    cleanups.push(async () => {
      server.close();
    });
    const client = cleanup(new MicroclusterClient({ socketPath }));
    await expect(client.ready()).rejects.toMatchObject({ code: 'BAD_REPLY', status: 502 });
  });
});

describe('typed calls', () => {
  it('go where the specification says', async () => {
    const { server, client } = await local();
    const info = {
      begin_round: true,
      max_schema_internal: 0,
      max_schema_external: 0,
      cluster_members: {},
      leader_address: member.address,
      dqlite_roles: {},
    };
    server.answer = ({ method, url }) => {
      if (method === 'POST' && url === '/core/control/tokens') return { text: success('"token"') };
      if (url === '/core/internal/sql?schema=1') return { text: success('{"text":"x"}') };
      if (url?.startsWith('/core/internal/sql')) return { text: success('{"Results":null}') };
      return url === '/core/internal/database' ? { text: '' } : {};
    };
    await client.control({
      bootstrap: true,
      config: {},
      join_token: '',
      address: member.address,
      name: 'c1',
    });
    expect(await client.issueToken({ name: 'c2', expire_after: 10_800_000_000_000n })).toBe(
      'token',
    );
    await client.revokeToken('c2');
    expect(await client.removeMember('c2', { force: true })).toEqual([]);
    await client.removeMember('c2', { address: '[::1]:1' });
    await client.resetMember('c2');
    await client.replaceDaemonConfig({ servers: {} });
    await client.updateDaemonConfig({ 'failure-domain': 2n ** 60n });
    await client.updateCertificate('cluster', { cert: 'c', key: 'k', ca: '' });
    await client.daemonServers();
    await client.updateDaemonServers({ extra: { address: '[::1]:1' } });
    await client.truststoreAdd(member, { notification: true });
    await client.truststoreRemove('c2');
    await client.heartbeat(info);
    await client.runHook('pre-remove', { force: true }, { target: 'c2' });
    await client.patchDatabase();
    expect(await client.sqlDump({ schemaOnly: true })).toEqual({ text: 'x' });
    expect(await client.sqlBatch('SELECT 1')).toEqual({ Results: null });
    await client.sqlBatch('SELECT 2', { transaction: true });
    await client.shutdown();
    expect(
      server.requests.map(({ method, url, body }) => `${method} ${url} ${body}`.trim()),
    ).toEqual([
      'POST /core/control {"bootstrap":true,"config":{},"join_token":"","address":"10.0.0.1:8443","name":"c1"}',
      'POST /core/control/tokens {"name":"c2","expire_after":10800000000000}',
      'DELETE /core/1.0/tokens/c2',
      'DELETE /core/1.0/cluster/c2?force=1',
      'DELETE /core/1.0/cluster/c2?address=%5B%3A%3A1%5D%3A1',
      'PUT /core/internal/cluster/c2',
      'PUT /core/1.0/daemon/config {"servers":{}}',
      'PATCH /core/1.0/daemon/config {"failure-domain":1152921504606846976}',
      'PUT /core/1.0/cluster/certificates/cluster {"cert":"c","key":"k","ca":""}',
      'GET /core/1.0/daemon/servers',
      'PUT /core/1.0/daemon/servers {"extra":{"address":"[::1]:1"}}',
      `POST /core/internal/truststore ${JSON.stringify(member)}`,
      'DELETE /core/internal/truststore/c2',
      'POST /core/internal/heartbeat {"begin_round":true,"max_schema_internal":0,"max_schema_external":0,"cluster_members":null,"leader_address":"10.0.0.1:8443","dqlite_roles":null}',
      'POST /core/internal/hooks/pre-remove?target=c2 {"force":true}',
      'PATCH /core/internal/database',
      'GET /core/internal/sql?schema=1',
      'POST /core/internal/sql {"query":"SELECT 1"}',
      'POST /core/internal/sql?transaction=1 {"query":"SELECT 2"}',
      'POST /core/control/shutdown',
    ]);
    expect(
      server.requests.find(({ url }) => url === '/core/internal/database')?.headers,
    ).toMatchObject({
      'x-dqlite-version': '1',
      'user-agent': 'lxd-cluster-notifier',
    });
  });

  it('parse what comes back', async () => {
    const { server, client } = await local();
    const json = {
      ...member,
      role: 'voter',
      extensions: 'one',
      last_heartbeat: '0001-01-01T00:00:00Z',
    };
    server.answer = ({ url }) => {
      if (url === '/core/1.0/cluster') return { text: success(JSON.stringify([json])) };
      if (url === '/core/control/tokens') return { text: success('null') };
      return {
        text: success('{"name":"c1","address":"","version":"1","ready":true,"extensions":[]}'),
      };
    };
    expect(await client.clusterMembers()).toMatchObject([
      { name: 'c1', extensions: ['one'], last_heartbeat: zeroTime() },
    ]);
    expect(await client.listTokens()).toEqual([]);
    expect(await client.serverInfo()).toMatchObject({ ready: true, address: '' });
  });

  it('tell which members lack a new certificate', async () => {
    const { server, client } = await local();
    const pair = { cert: 'c', key: 'k', ca: '' };
    server.answer = () => ({ text: success('{"members":{"c3":"is away"}}') });
    expect(await client.updateCertificate('cluster', pair)).toEqual({ c3: 'is away' });
    server.answer = () => ({ text: success('{}') });
    expect(await client.updateCertificate('cluster', pair)).toEqual({});
  });

  it('tell which steps of a removal were skipped, where the member says so', async () => {
    const { server, client } = await local();
    server.answer = () => ({
      text: success('{"skipped":[{"step":"reset","reason":"is away"}],"later":1}'),
    });
    expect(await client.removeMember('c3')).toEqual([{ step: 'reset', reason: 'is away' }]);
    server.answer = () => ({ text: success('null') });
    expect(await client.removeMember('c3')).toEqual([]);
  });

  it('refuse a reply of another shape as a fault of the peer', async () => {
    const { server, client } = await local();
    server.answer = () => ({ text: success('[1]') });
    await expect(client.clusterMembers()).rejects.toMatchObject({
      code: 'BAD_REPLY',
      status: 502,
      message: expect.stringContaining('gave an unexpected reply to /core/1.0/cluster'),
    });
    await expect(client.issueToken({ name: 'a', expire_after: 0n })).rejects.toMatchObject({
      code: 'BAD_REPLY',
    });
  });

  it('keep names inside their path segment', async () => {
    const { server, client } = await local();
    await client.revokeToken('../../x?y');
    expect(server.requests[0]?.url).toBe('/core/1.0/tokens/..%2F..%2Fx%3Fy');
  });
});

describe('fetchPeerCertificate', () => {
  it('gives the certificate that is shown, and presents none', async () => {
    const { address } = await remote();
    expect(await fetchPeerCertificate(address)).toBe(cluster.certificate);
  });

  it('ends with its signal', async () => {
    const address = await rawServer(() => undefined);
    const controller = new AbortController();
    const reading = fetchPeerCertificate(address, controller.signal);
    controller.abort();
    await expect(reading).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('says when there is no TLS server', async () => {
    const address = await rawServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await expect(fetchPeerCertificate(address)).rejects.toMatchObject({ code: 'UNREACHABLE' });
    await expect(fetchPeerCertificate('host:1')).rejects.toThrow('Invalid address');
  });
});

describe('the entry point of the client', () => {
  it('loads next to nothing but Node itself before the first call', async () => {
    const seen = new Set<string>();
    const packages = new Set<string>();
    const visit = async (file: string): Promise<void> => {
      if (seen.has(file)) return;
      seen.add(file);
      const source = await readFile(file, 'utf8');
      const statements = source.matchAll(/^(?:import|export) (?!type\b)[^;]*?from '([^']+)';/gm);
      for (const [, specifier = ''] of statements) {
        if (!specifier.startsWith('.')) packages.add(specifier.split(':')[0] ?? '');
        else await visit(path.resolve(path.dirname(file), specifier.replace(/\.js$/, '.ts')));
      }
    };
    await visit(path.join(import.meta.dirname, 'index.ts'));
    expect(seen.size).toBeGreaterThan(8);
    // The time limit is one small file without imports of its own.
    packages.delete('@microcluster/dqlite/time-limit');
    expect([...packages]).toEqual(['node']);
  });
});

/** Key pairs of leaves that one CA has signed, and of the CA, made by openssl. */
async function signedByCa(names: string[]): Promise<Record<string, KeyPair>> {
  const run = promisify(execFile);
  const file = (name: string) => path.join(directory, name);
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384', '-nodes'];
  const issue = async (name: string, extra: string[]) => {
    const out = ['-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)];
    await run('openssl', ['req', '-x509', ...curve, ...out, '-subj', `/CN=${name}`, ...extra]);
    const [certificate, privateKey] = await Promise.all([
      readFile(file(`${name}.crt`), 'utf8'),
      readFile(file(`${name}.key`), 'utf8'),
    ]);
    return [name, { certificate, privateKey }] as const;
  };
  const ca = await issue('ca', []);
  await writeFile(file('empty.cnf'), '');
  const leaves: (readonly [string, KeyPair])[] = [];
  for (const name of names) {
    const signer = ['-CA', file('ca.crt'), '-CAkey', file('ca.key')];
    const names = ['-addext', `subjectAltName=DNS:${name}`, '-addext', 'basicConstraints=CA:FALSE'];
    leaves.push(await issue(name, [...signer, ...names]));
  }
  return Object.fromEntries([ca, ...leaves]);
}
