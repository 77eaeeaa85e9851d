import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateKeyPair } from '../certificates/index.js';
import {
  failure,
  startRecordingServer,
  success,
  type RecordingServer,
} from '../client/recording-server.fixture.js';
import { Microcluster } from './index.js';

let directory: string;
let server: RecordingServer;
let app: Microcluster;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'app-'));
  server = await startRecordingServer({ path: path.join(directory, 'control.socket') });
  app = new Microcluster(directory);
});
afterEach(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

const asked = () =>
  server.requests.map(({ method, url, body }) => `${method} ${url} ${body}`.trim());

describe('the calls on a state directory', () => {
  it('ask its daemon what the specification says', async () => {
    server.answer = ({ url }) => {
      if (url === '/core/1.0') return { text: success('{"name":"c1","extensions":[]}') };
      if (url === '/core/control/tokens') {
        return { text: success(server.requests.at(-1)?.method === 'POST' ? '"token"' : 'null') };
      }
      if (url === '/core/1.0/cluster') return { text: success('[]') };
      if (url?.startsWith('/core/internal/sql')) return { text: success('{"Results":null}') };
      return {};
    };
    expect(await app.status()).toMatchObject({ name: 'c1', ready: false });
    await app.ready();
    await app.newCluster('c1', '10.0.0.1:1', { config: { a: 'b' } });
    await app.joinCluster('c2', '10.0.0.2:1', 'token');
    expect(await app.newJoinToken('c3')).toBe('token');
    expect(await app.newJoinToken('c4', { expireAfterMs: 0 })).toBe('token');
    expect(await app.newJoinToken('c5', { expireAfterMs: 0, anyName: true })).toBe('token');
    expect(await app.listJoinTokens()).toEqual([]);
    await app.revokeJoinToken('c3');
    expect(await app.getClusterMembers()).toEqual([]);
    await app.removeClusterMember('c2', { address: '10.0.0.2:1', force: true });
    expect(await app.sql('SELECT 1', { transaction: true })).toEqual({ Results: null });
    await app.shutdown();
    expect(asked()).toEqual([
      'GET /core/1.0',
      'GET /core/1.0/ready',
      'POST /core/control {"bootstrap":true,"config":{"a":"b"},"join_token":"","address":"10.0.0.1:1","name":"c1"}',
      'POST /core/control {"bootstrap":false,"config":{},"join_token":"token","address":"10.0.0.2:1","name":"c2"}',
      'POST /core/control/tokens {"name":"c3","expire_after":10800000000000}',
      'POST /core/control/tokens {"name":"c4","expire_after":0}',
      'POST /core/control/tokens {"name":"c5","expire_after":0,"any_name":true}',
      'GET /core/control/tokens',
      'DELETE /core/1.0/tokens/c3',
      'GET /core/1.0/cluster',
      'DELETE /core/1.0/cluster/c2?force=1&address=10.0.0.2%3A1',
      'POST /core/internal/sql?transaction=1 {"query":"SELECT 1"}',
      'POST /core/control/shutdown',
    ]);
  });

  it('wait for a daemon until it is ready', async () => {
    let questions = 0;
    server.answer = () => {
      questions += 1;
      return questions < 3 ? { status: 503, text: failure(503, 'Daemon is not ready yet') } : {};
    };
    await app.ready({ timeoutMs: 60_000 });
    expect(questions).toBe(3);
  });

  it('give up waiting at the limit and with the signal', async () => {
    server.answer = () => ({ status: 503, text: failure(503, 'Daemon is not ready yet') });
    await expect(app.ready({ timeoutMs: 50 })).rejects.toMatchObject({
      code: 'TIMEOUT',
      message:
        'MicroCluster still not running after context deadline exceeded: Daemon is not ready yet',
    });
    const controller = new AbortController();
    const waiting = app.ready({ signal: controller.signal });
    await expect.poll(() => server.requests.length).toBeGreaterThan(1);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('call other members with the key pair of the directory', async () => {
    const [cluster, identity] = await Promise.all([
      generateKeyPair({ commonName: 'cluster' }),
      generateKeyPair({ commonName: 'c1' }),
    ]);
    const peer = await startRecordingServer({ keyPair: cluster });
    try {
      const address = `127.0.0.1:${peer.port}`;
      await expect(app.remoteClient(address)).rejects.toMatchObject({
        code: 'UNREACHABLE',
        message: expect.stringContaining('server.crt cannot be read; check the path'),
      });
      await Promise.all([
        writeFile(path.join(directory, 'server.crt'), identity.certificate),
        writeFile(path.join(directory, 'server.key'), identity.privateKey),
        writeFile(path.join(directory, 'cluster.crt'), cluster.certificate),
      ]);
      const client = await app.remoteClient(address);
      await client.ready();
      await client.close();
      expect(peer.requests).toMatchObject([{ url: '/core/1.0/ready', headers: { host: address } }]);
      expect(peer.requests[0]?.clientCertificate).toBeDefined();
    } finally {
      await peer.close();
    }
  });

  it('need a state directory', () => {
    expect(() => new Microcluster('')).toThrow('Missing state directory');
  });
});
