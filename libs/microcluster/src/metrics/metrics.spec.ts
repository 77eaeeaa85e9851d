/** The metrics of a whole application, as a scraper reads them. */
import { readFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage } from 'node:http';
import { Controller, Get, Injectable, Param } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { DataSource } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { CoreApi, ServeUnix } from '../access/index.js';
import { freeAddress } from '@microcluster/dqlite/free-address';
import { TestApplication } from '../module/application.fixture.js';
import { METRICS, metricsTable } from './metric-catalogue.js';
import { Metrics } from './metrics.js';
import { metricsRoute } from './metrics.endpoints.js';

@CoreApi()
@ServeUnix()
@Controller('items')
class Items {
  constructor(private readonly database: DataSource) {}

  @Get(':id') one(@Param('id') id: string) {
    return this.database.query('SELECT ? AS id', [id]);
  }
}

/** Name and labels, and the value, of every sample. */
async function scrape(started: TestApplication): Promise<Map<string, number>> {
  const { body } = await started.app.inject('/core/1.0/metrics');
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

describe('a daemon that belongs to no cluster', () => {
  it('shows what there is', async () => {
    await using started = await TestApplication.start();
    const answer = await started.app.inject('/core/1.0/metrics');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    const samples = await scrape(started);
    expect(samples.get('microcluster_database_open')).toBe(0);
    expect(samples.get('microcluster_has_leader')).toBe(0);
    expect(samples.has('microcluster_heartbeat_age_seconds')).toBe(false);
    expect(samples.has('microcluster_pool_size')).toBe(false);
    expect(samples.get('process_start_time_seconds')).toBeGreaterThan(0);
  });
});

describe('a member', () => {
  it('shows its cluster, database, certificates, transactions and requests', async () => {
    await using started = await TestApplication.start({}, { controllers: [Items] });
    await started.bootstrap();
    const { app } = started;
    for (const id of ['1', '2', '3']) await started.get(`/items/${id}?x=${id}`);
    await started.get('/no/such/route');
    await app
      .get(DataSource)
      .transaction((manager) => manager.query('CREATE TABLE t (id INTEGER PRIMARY KEY)'));
    await expect
      .poll(async () => (await scrape(started)).get('microcluster_heartbeat_age_seconds'))
      .toBeLessThan(60);

    const samples = await scrape(started);
    const expected = {
      'microcluster_info{name="c1",version="1.2.3",engine="sqlite"}': 1,
      microcluster_database_open: 1,
      microcluster_is_leader: 1,
      microcluster_has_leader: 1,
      microcluster_leader_changes_total: 0,
      'microcluster_role{role="voter"}': 1,
      'microcluster_role{role="spare"}': 0,
      'microcluster_members{role="voter"}': 1,
      'microcluster_members{role="stand-by"}': 0,
      microcluster_pool_size: 4,
      'microcluster_pool_waiting{queue="writer"}': 0,
      'microcluster_transaction_retries_total{cause="busy"}': 0,
      'microcluster_http_request_duration_seconds_count{listener="unix",method="GET",route="/items/:id",status="2xx"}': 3,
      'microcluster_http_request_duration_seconds_count{listener="unix",method="GET",route="unmatched",status="4xx"}': 1,
    };
    expect(Object.fromEntries(Object.keys(expected).map((key) => [key, samples.get(key)]))).toEqual(
      expected,
    );
    const positive = [
      'microcluster_database_size_bytes',
      'microcluster_database_disk_bytes',
      'microcluster_certificate_expiry_timestamp_seconds{certificate="server"}',
      'microcluster_certificate_expiry_timestamp_seconds{certificate="cluster"}',
      'microcluster_transaction_duration_seconds_count{kind="read",outcome="committed"}',
      'microcluster_transaction_duration_seconds_count{kind="transaction",outcome="committed"}',
    ];
    for (const name of positive) expect(samples.get(name), name).toBeGreaterThan(0);
    const raw = [...samples.keys()].filter((key) => key.includes('/items/1'));
    expect(raw).toEqual([]);
  });

  it('shows what the application adds', async () => {
    @Injectable()
    class OwnMetrics {
      constructor(metrics: Metrics) {
        new Gauge({ name: 'items', help: 'Items.', registers: [metrics.registry] }).set(7);
      }
    }
    await using started = await TestApplication.start({}, { providers: [OwnMetrics] });
    expect((await scrape(started)).get('items')).toBe(7);
  });
});

it.each([
  [false, ['unix']],
  [true, ['unix', 'core']],
])(
  'with coreApi %j they are on the listeners %j, for trusted clients alone',
  (coreApi, listeners) => {
    const { rule } = metricsRoute(new Metrics(() => Promise.reject(new Error('unused'))), {
      coreApi,
    });
    expect(rule).toMatchObject({ listeners, allowUntrusted: false });
  },
);

describe('the listener of the metrics', () => {
  it('serves them, and nothing else', async () => {
    const address = await freeAddress();
    const port = address.slice(address.indexOf(':'));
    await using started = await TestApplication.start({ metrics: { address: port } });
    expect(started.app).toBeDefined();
    const get = async (path: string, method = 'GET') => {
      const sent = request({ host: '127.0.0.1', port: port.slice(1), path, method }).end();
      const [answer]: IncomingMessage[] = await once(sent, 'response');
      if (answer === undefined) throw new Error('no answer');
      let body = '';
      for await (const chunk of answer) body += String(chunk);
      return { status: answer.statusCode, body };
    };
    expect(await get('/metrics')).toMatchObject({
      status: 200,
      body: expect.stringContaining('microcluster_database_open 0'),
    });
    expect((await get('/metrics', 'POST')).status).toBe(405);
    expect((await get('/core/1.0')).status).toBe(404);
    expect((await get('/')).status).toBe(404);
  });

  it('stops the start with one sentence when its address is taken', async () => {
    const other = createServer();
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const bound = other.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    const starting = TestApplication.start({ metrics: { address: `127.0.0.1:${port}` } });
    await expect(starting.finally(() => other.close())).rejects.toMatchObject({
      code: 'METRICS_LISTEN_FAILED',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    });
  });
});

describe('the reference of the metrics', () => {
  const cells = (line: string) => line.split('|').map((cell) => cell.trim());

  it('is the catalogue', async () => {
    const page = new URL('../../../../docs/reference/metrics.md', import.meta.url);
    const rows = (await readFile(page, 'utf8'))
      .split('\n')
      .filter((line) => line.startsWith('| `microcluster_'));
    const wanted = metricsTable().split('\n').slice(2);
    expect(rows.map(cells)).toEqual(wanted.map(cells));
  });

  it('names everything that is shown', async () => {
    await using started = await TestApplication.start();
    const { body } = await started.app.inject('/core/1.0/metrics');
    const shown = [...body.matchAll(/^# TYPE (microcluster_\w+) (\w+)$/gm)].map(
      ([, name, type]) => `${name} ${type}`,
    );
    expect(shown).toEqual(Object.values(METRICS).map(({ name, type }) => `${name} ${type}`));
  });
});
