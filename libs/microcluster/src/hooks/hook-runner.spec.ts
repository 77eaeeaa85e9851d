/** Hooks as functions and as decorated methods of ordinary providers: order, arguments, failures, types. */
import { Inject, Injectable, Module, type ModuleMetadata } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { ClusterState } from '../cluster-state/index.js';
import { DAEMON_ARGS, parseDaemonArgs } from '../options/index.js';
import type { TrustedMember } from '../trust/index.js';
import { OnHeartbeat, OnNewMember, OnPreInit, OnStart } from './hook-decorators.js';
import { HookRunner } from './hook-runner.js';
import type { HookContext, InitConfig, LifecycleHooks, RoleChange } from './lifecycle-hooks.js';

const context = { signal: new AbortController().signal };
const state: ClusterState = Object.create(ClusterState.prototype);
const CALLS = Symbol('calls');

@Injectable()
class Steps {
  constructor(@Inject(CALLS) readonly calls: string[]) {}

  @OnStart()
  async first({ signal, state: given }: HookContext): Promise<void> {
    await Promise.resolve();
    this.calls.push(`first ${signal.aborted} ${given === state}`);
  }

  @OnStart()
  second(): void {
    this.calls.push('second');
  }

  @OnPreInit()
  prepare(_context: HookContext, init: { bootstrap: boolean; config: InitConfig }): void {
    this.calls.push(`prepare ${init.bootstrap} ${init.config['a']}`);
  }
}

@Injectable()
class MoreSteps extends Steps {
  @OnNewMember()
  greet(_context: HookContext, member: TrustedMember): void {
    this.calls.push(`hello ${member.name}`);
  }
}

async function runner(hooks: LifecycleHooks, metadata: ModuleMetadata) {
  const calls: string[] = [];
  const args = parseDaemonArgs({ stateDir: '/nowhere', version: '1', hooks }, {});
  class Application {}
  Module({
    ...metadata,
    providers: [{ provide: CALLS, useValue: calls }, ...(metadata.providers ?? [])],
  })(Application);
  const module = await Test.createTestingModule({
    imports: [DiscoveryModule, Application],
    providers: [
      HookRunner,
      { provide: DAEMON_ARGS, useValue: args },
      { provide: ClusterState, useValue: state },
    ],
  }).compile();
  return { calls, hooks: module.get(HookRunner) };
}

describe('hooks', () => {
  it('run the function first and then the decorated methods, each awaited, in order', async () => {
    const order: string[] = [];
    const { calls, hooks } = await runner(
      { start: () => void order.push('function') },
      { providers: [Steps] },
    );
    await hooks.run('start', context);
    expect([...order, ...calls]).toEqual(['function', 'first false true', 'second']);
  });

  it('receive the arguments of their name, and run for no other', async () => {
    const { calls, hooks } = await runner({}, { providers: [Steps] });
    await hooks.run('preInit', context, { bootstrap: true, config: { a: 'b' } });
    await hooks.run('postBootstrap', context, {});
    expect(calls).toEqual(['prepare true b']);
  });

  it('are inherited', async () => {
    const { calls, hooks } = await runner({}, { providers: [MoreSteps] });
    const member = { name: 'c2', address: '127.0.0.1:1', certificate: '' };
    await hooks.run('newMember', context, member);
    await hooks.run('start', context);
    expect(calls).toEqual(['hello c2', 'first false true', 'second']);
  });

  it('run once for a provider that has several tokens', async () => {
    const { calls, hooks } = await runner(
      {},
      { providers: [Steps, { provide: 'alias', useExisting: Steps }] },
    );
    await hooks.run('start', context);
    expect(calls).toEqual(['first false true', 'second']);
  });

  it('end at the first that fails, with its error', async () => {
    const failure = new Error('not today');
    const { calls, hooks } = await runner(
      { start: () => Promise.reject(failure) },
      { providers: [Steps] },
    );
    await expect(hooks.run('start', context)).rejects.toBe(failure);
    expect(calls).toEqual([]);
  });

  it('may be missing', async () => {
    const { hooks } = await runner({}, {});
    await expect(hooks.run('preRemove', context, { force: false })).resolves.toBeUndefined();
  });
});

describe('the decorators', () => {
  it('accept only methods whose parameters fit the hook', () => {
    type Fits<Decorator, Method> = Decorator extends (
      target: object,
      key: string,
      descriptor: TypedPropertyDescriptor<Method & ((...args: never[]) => unknown)>,
    ) => void
      ? true
      : false;
    type Heartbeat = ReturnType<typeof OnHeartbeat>;
    expectTypeOf<
      Fits<Heartbeat, (context: HookContext, roles: ReadonlyMap<string, RoleChange>) => void>
    >().toEqualTypeOf<true>();
    expectTypeOf<Parameters<NonNullable<LifecycleHooks['newMember']>>>().toEqualTypeOf<
      [context: HookContext, member: TrustedMember]
    >();
    class Wrong {
      // @ts-expect-error a heartbeat gives a map of roles, not a number
      @OnHeartbeat()
      count(_context: HookContext, roles: number): number {
        return roles;
      }
    }
    expect(new Wrong().count({ ...context, state }, 1)).toBe(1);
  });
});
