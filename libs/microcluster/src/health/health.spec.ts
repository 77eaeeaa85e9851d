/** `livez`, `readyz` and the indicator for terminus, in a whole application. */
import { Controller, Get } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { expect, it } from 'vitest';
import { AllowedBeforeInit, CoreApi, RawResponse, ServeUnix } from '../access/index.js';
import { Daemon } from '../lifecycle/daemon.js';
import { TestApplication } from '../module/application.fixture.js';
import { MicroclusterHealthIndicator } from './microcluster.health-indicator.js';
import { Health } from './health.js';

@CoreApi()
@ServeUnix()
@AllowedBeforeInit()
@RawResponse()
@Controller('healthz')
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly member: MicroclusterHealthIndicator,
  ) {}

  @Get() @HealthCheck() check() {
    return this.health.check([
      () => this.member.isReady(),
      () => this.member.isLive('member-live'),
    ]);
  }
}

const terminus = {
  imports: [TerminusModule.forRoot({ logger: false })],
  controllers: [HealthController],
  providers: [MicroclusterHealthIndicator],
};

it('a daemon that belongs to no cluster is live and not ready, and says why', async () => {
  await using started = await TestApplication.start();
  const live = await started.app.inject('/core/1.0/livez');
  expect(live.json()).toMatchObject({
    status_code: 200,
    metadata: {
      status: 'ok',
      checks: [{ name: 'daemon' }, { name: 'event-loop' }, { name: 'database-process' }],
    },
  });
  const ready = await started.app.inject('/core/1.0/readyz');
  expect(ready.statusCode).toBe(503);
  expect(ready.json()).toMatchObject({
    type: 'error',
    error_code: 503,
    error: expect.stringContaining(
      'The daemon is not ready: database: Database is not yet initialized',
    ),
    metadata: {
      status: 'failed',
      checks: expect.arrayContaining([
        { name: 'daemon', status: 'ok', reason: 'the daemon has started' },
      ]),
    },
  });
});

it('a member is ready, and neither while it stops', async () => {
  await using started = await TestApplication.start();
  await started.bootstrap();
  const ready = await started.app.inject('/core/1.0/readyz');
  expect(ready.json()).toMatchObject({ status_code: 200, metadata: { status: 'ok' } });
  expect(ready.body).toMatch(/the certificate \\"\w+\\" is the first to expire/);
  await started.app.get(Daemon).stop();
  // What was found half a second ago is still the answer.
  await expect
    .poll(async () => (await started.app.inject('/core/1.0/readyz')).json())
    .toMatchObject({ error: expect.stringContaining('daemon: the daemon is shutting down') });
  expect((await started.app.inject('/core/1.0/livez')).statusCode).toBe(200);
});

it('everybody who asks at the same time gets the same answer', async () => {
  await using started = await TestApplication.start();
  const health = started.app.get(Health);
  expect(health.ready()).toBe(health.ready());
  await health.ready();
});

it('terminus shows the checks', async () => {
  await using started = await TestApplication.start({}, terminus);
  const before = await started.app.inject('/healthz');
  expect(before.statusCode).toBe(503);
  expect(before.json()).toMatchObject({
    status: 'error',
    error: {
      microcluster: {
        status: 'down',
        message: expect.stringContaining('Database is not yet initialized'),
      },
    },
    info: { 'member-live': { status: 'up', checks: { daemon: 'the daemon answers' } } },
  });
  await started.bootstrap();
  await expect.poll(async () => (await started.app.inject('/healthz')).statusCode).toBe(200);
});
