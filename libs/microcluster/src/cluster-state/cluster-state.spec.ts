/** What handlers and hooks see of a member, before and after its bootstrap. */
import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { Controller, Get, Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MicroclusterClient } from '../client/index.js';
import { MicroclusterAdapter } from '../listeners/index.js';
import { MicroclusterModule } from '../module/index.js';
import { ClusterState } from './index.js';

const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };

@Controller('1.0/reports')
class Reports {
  @Get()
  list(): string[] {
    return [];
  }
}

let directory: string;
let app: INestApplication;
let state: ClusterState;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'cluster-state-'));
  @Module({
    imports: [
      MicroclusterModule.forRoot({
        stateDir: directory,
        version: '1.2.3',
        engine: 'sqlite',
        logger: silent,
        apiExtensions: ['items'],
        servers: { reports: { resources: [Reports] } },
      }),
    ],
    controllers: [Reports],
  })
  class Application {}
  app = await NestFactory.create(Application, new MicroclusterAdapter(), { logger: false });
  await app.init();
  state = app.get(ClusterState);
});
afterAll(async () => {
  await app.close();
  await rm(directory, { recursive: true, force: true });
});

describe('before initialisation', () => {
  it('knows the daemon', () => {
    expect(state).toMatchObject({ name: hostname(), address: '', version: '1.2.3' });
    expect(state.additionalServers).toEqual(['reports']);
    expect([state.hasExtension('items'), state.hasExtension('other')]).toEqual([true, false]);
    expect(state.paths).toEqual({
      root: directory,
      database: path.join(directory, 'database'),
      trustStore: path.join(directory, 'truststore'),
      certificates: path.join(directory, 'certificates'),
      controlSocket: path.join(directory, 'control.socket'),
    });
  });

  it('has no cluster: no certificate, no database, nobody to ask', async () => {
    expect(state.databaseStatus).toEqual({ open: false, text: 'Database is not yet initialized' });
    expect(() => state.clusterCertificate).toThrow(
      expect.objectContaining({ code: 'NOT_INITIALISED' }),
    );
    await expect(state.transaction(async () => undefined)).rejects.toMatchObject({
      code: 'NOT_OPEN',
    });
    await expect(state.leaderAddress()).rejects.toMatchObject({ status: 503 });
    expect(state.trustedMembers).toEqual([]);
  });
});

describe('in a cluster of one', () => {
  beforeAll(async () => {
    const client = new MicroclusterClient({ socketPath: state.paths.controlSocket });
    const control = { bootstrap: true, join_token: '', name: 'c1', address: '127.0.0.1:0' };
    await client.control({ ...control, config: {} }, { timeoutMs: 60_000 });
    await client.close();
  }, 60_000);

  it('knows the member and its certificates', () => {
    expect(state).toMatchObject({ name: 'c1', address: '127.0.0.1:0' });
    expect(new X509Certificate(state.serverCertificate).subjectAltName).toContain('DNS:c1');
    expect(new X509Certificate(state.clusterCertificate).subjectAltName).toContain('DNS:c1');
    expect(state.trustedMembers.map(({ name }) => name)).toEqual(['c1']);
    expect(state.schemaVersions).toMatchObject({ external: 0 });
  });

  it('reads and writes the database', async () => {
    expect(state.databaseStatus).toEqual({ open: true, text: 'Database is online' });
    const rows: unknown = await state.transaction((manager) =>
      manager.query('SELECT name FROM core_cluster_members'),
    );
    expect(rows).toEqual([{ name: 'c1' }]);
    expect(await state.databaseMembers()).toMatchObject([{ address: '127.0.0.1:0' }]);
  });

  it('leads, has no others to ask, and names a member that nobody knows', async () => {
    expect(await state.isLeader()).toBe(true);
    expect(await state.askOthers((client) => client.serverInfo())).toEqual([]);
    await expect(state.askMember('c9', (client) => client.serverInfo())).rejects.toMatchObject({
      status: 404,
      message: 'Cluster member "c9" not found',
    });
  });
});
