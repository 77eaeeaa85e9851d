/** The access decision as guards, and errors that arise outside of handlers. */
import {
  Controller,
  ForbiddenException,
  Get,
  UseGuards,
  type MiddlewareConsumer,
  type NestModule,
} from '@nestjs/common';
import { Module } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import {
  AllowUntrusted,
  CoreApi,
  InitializedGuard,
  ListenerGuard,
  PreInit,
  ServeUnix,
  TrustGuard,
} from '../access/index.js';
import { TestDaemon } from './daemon.fixture.js';
import { MicroclusterAdapter } from './microcluster-adapter.js';

let daemon: TestDaemon | undefined;

afterEach(async () => {
  await daemon?.close();
  daemon = undefined;
});

@CoreApi()
@PreInit()
@ServeUnix()
@UseGuards(ListenerGuard, InitializedGuard, TrustGuard)
@Controller('guarded')
class Guarded {
  @Get() get() {
    return 'in';
  }
  @Get('open') @AllowUntrusted() open() {
    return 'open';
  }
}

describe('the guards', () => {
  it('let pass what the decision let pass', async () => {
    daemon = await TestDaemon.create({ controllers: [Guarded] });
    daemon.database = { open: false, text: 'Database is not yet initialized' };
    expect((await daemon.adapter.inject('/guarded')).statusCode).toBe(200);
    expect((await daemon.adapter.inject('/guarded/open')).statusCode).toBe(200);
  });

  it('can be replaced in a testing module', async () => {
    const module = await Test.createTestingModule({ controllers: [Guarded] })
      .overrideGuard(TrustGuard)
      .useValue({
        canActivate: () => {
          throw new ForbiddenException('replaced');
        },
      })
      .compile();
    const app = module.createNestApplication(new MicroclusterAdapter(), { logger: false });
    const adapter = app.get(HttpAdapterHost).httpAdapter;
    if (!(adapter instanceof MicroclusterAdapter)) throw new TypeError('another adapter');
    adapter.attach({
      isShuttingDown: () => false,
      databaseStatus: () => ({ open: true, text: '' }),
      address: () => '',
      trustedMember: () => undefined,
      preInitTrustsEverybody: () => false,
    });
    await app.init();
    const answer = await adapter.inject('/guarded');
    expect([answer.statusCode, answer.json<{ error: string }>().error]).toEqual([403, 'replaced']);
    await app.close();
  });
});

describe('errors outside of handlers', () => {
  it('have the envelope when middleware throws', async () => {
    @Module({ controllers: [Guarded] })
    class Guarding implements NestModule {
      configure(consumer: MiddlewareConsumer) {
        consumer
          .apply(() => {
            throw new ForbiddenException('by middleware');
          })
          .forRoutes('guarded');
      }
    }
    daemon = await TestDaemon.create({ imports: [Guarding] });
    const answer = await daemon.adapter.inject('/guarded');
    expect(answer.statusCode).toBe(403);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.body).toContain('"error_code":403,"error":"by middleware"');
  });
});
