/** The types of the public interface, as its users lean on them: checked by `npm run typecheck`. */
import type { INestApplication, Type } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { describe, expectTypeOf, it } from 'vitest';
import type { ClusterMember, MicroclusterClient, TokenRequest } from './client/index.js';
import {
  AllowUntrusted,
  AllowedBeforeInit,
  AllowedDuringShutdown,
  CoreApi,
  MicroclusterModule,
  OnHeartbeat,
  OnNewMember,
  OnPostBootstrap,
  OnPreRemove,
  PreInit,
  ProxyTarget,
  RawResponse,
  ServeUnix,
  Server,
  isMicroclusterError,
  requestContext,
  runDaemon,
  type DaemonArgs,
  type DaemonArgsAsync,
  type DynamicDaemonArgs,
  type HookContext,
  type InitConfig,
  type LifecycleHooks,
  type MicroclusterErrorCode,
  type RequestPeer,
  type RoleChange,
  type RunDaemonOptions,
} from './index.js';
import type { OpenApiDocument, ServeOpenApiOptions, openApiDocument } from './openapi/index.js';

describe('decorators', () => {
  it('of placement are for classes, those of access for classes and methods', () => {
    for (const decorator of [CoreApi, PreInit, ServeUnix]) {
      expectTypeOf(decorator).toEqualTypeOf<() => ClassDecorator>();
    }
    expectTypeOf(Server).toEqualTypeOf<(name: string) => ClassDecorator>();
    for (const decorator of [
      AllowUntrusted,
      AllowedBeforeInit,
      AllowedDuringShutdown,
      ProxyTarget,
      RawResponse,
    ]) {
      expectTypeOf(decorator).toEqualTypeOf<() => ClassDecorator & MethodDecorator>();
    }
  });

  it('of hooks fit methods that take what the hook is told, or less', () => {
    class Hooks {
      @OnPostBootstrap() bootstrapped(_context: HookContext, _config: InitConfig): void {}
      @OnNewMember() async joined(_context: HookContext): Promise<void> {}
      @OnHeartbeat() beat(_context: HookContext, _roles: ReadonlyMap<string, RoleChange>): void {}
      // @ts-expect-error the hook is told an object
      @OnPreRemove() removing(_context: HookContext, _force: boolean): void {}
    }
    expectTypeOf<Hooks>().toHaveProperty('bootstrapped');
  });
});

describe('the module', () => {
  it('takes settings, or a factory of a part of them', () => {
    expectTypeOf(MicroclusterModule.forRoot).parameter(0).toEqualTypeOf<DaemonArgs>();
    expectTypeOf(MicroclusterModule.forRootAsync).parameter(0).toEqualTypeOf<DaemonArgsAsync>();
    expectTypeOf<DynamicDaemonArgs>().toHaveProperty('stateDir');
    expectTypeOf<DynamicDaemonArgs>().not.toHaveProperty('entities');
    expectTypeOf<{
      useFactory: (port: number) => { version: string };
    }>().toExtend<DaemonArgsAsync>();
    expectTypeOf<{ useFactory: () => { version: number } }>().not.toExtend<DaemonArgsAsync>();
  });

  it('is run by a function that takes the class and never gives anything back', () => {
    expectTypeOf(runDaemon).parameter(0).toEqualTypeOf<Type>();
    expectTypeOf<RunDaemonOptions | undefined>().toEqualTypeOf<Parameters<typeof runDaemon>[1]>();
    expectTypeOf(runDaemon).returns.toEqualTypeOf<Promise<void>>();
  });
});

describe('what is known of a request, a hook and an error', () => {
  it('has types of its own', () => {
    expectTypeOf(requestContext).parameter(0).toExtend<object>();
    expectTypeOf<FastifyRequest>().toExtend<Parameters<typeof requestContext>[0]>();
    expectTypeOf<ReturnType<typeof requestContext>['peer']>().toEqualTypeOf<
      RequestPeer | undefined
    >();
    expectTypeOf<HookContext['signal']>().toEqualTypeOf<AbortSignal>();
    expectTypeOf<Parameters<NonNullable<LifecycleHooks['start']>>>().toEqualTypeOf<
      [context: HookContext]
    >();
    expectTypeOf<'NOT_FOUND'>().toExtend<MicroclusterErrorCode>();
    const error: unknown = undefined;
    if (isMicroclusterError(error, 'NOT_FOUND')) {
      expectTypeOf(error.status).toEqualTypeOf<number>();
    }
  });
});

describe('the client', () => {
  it('answers with values that were parsed', () => {
    expectTypeOf<MicroclusterClient['clusterMembers']>().returns.resolves.toEqualTypeOf<
      ClusterMember[]
    >();
    expectTypeOf<ClusterMember['last_heartbeat']>().toEqualTypeOf<Date>();
    expectTypeOf<TokenRequest['expire_after']>().toEqualTypeOf<bigint>();
  });
});

describe('OpenAPI', () => {
  it('makes plain documents, and has to be told where to serve them', () => {
    expectTypeOf<typeof openApiDocument>().parameter(0).toEqualTypeOf<INestApplication>();
    expectTypeOf<typeof openApiDocument>().returns.toEqualTypeOf<OpenApiDocument>();
    expectTypeOf<object>().not.toExtend<ServeOpenApiOptions>();
    expectTypeOf<{ listeners: ['unix'] }>().toExtend<ServeOpenApiOptions>();
  });
});
