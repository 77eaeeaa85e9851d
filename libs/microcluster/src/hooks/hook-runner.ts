/** Finds the hooks of an application, decorated or given as functions, and runs them in order. */
import { Inject, Injectable } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, ModuleRef } from '@nestjs/core';
import { ClusterState } from '../cluster-state/index.js';
import { DAEMON_ARGS } from '../options/tokens.js';
import type { ParsedDaemonArgs } from '../options/parse-daemon-args.js';
import { HOOK_METADATA } from './hook-decorators.js';
import type { HookContext, HookDetails, HookName } from './lifecycle-hooks.js';

/** Runs lifecycle hooks: first the function in `DaemonArgs.hooks`, then decorated methods in the order of their modules. */
@Injectable()
export class HookRunner {
  constructor(
    @Inject(DAEMON_ARGS) private readonly args: ParsedDaemonArgs,
    private readonly modules: ModuleRef,
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  /**
   * Runs every hook of this name one after the other; the first failure is thrown and ends the run.
   *
   * @param context `signal` aborts when the operation that runs the hook is given up
   * @param details what the hook is told besides its context
   */
  async run<Name extends HookName>(
    name: Name,
    context: Pick<HookContext, 'signal'>,
    ...details: HookDetails<Name>
  ): Promise<void> {
    const state = this.modules.get(ClusterState);
    for (const hook of this.hooks(name)) {
      context.signal.throwIfAborted();
      await hook({ signal: context.signal, state }, ...details);
    }
  }

  private *hooks(name: HookName): Generator<(...args: unknown[]) => Promise<void>> {
    const given: unknown = this.args.hooks[name];
    if (typeof given === 'function') {
      yield async (...args) => {
        await Reflect.apply(given, this.args.hooks, args);
      };
    }
    // A provider with several tokens is found once for each of them.
    for (const instance of new Set(this.instances())) {
      yield* this.decorated(instance, name);
    }
  }

  private *instances(): Generator<object> {
    for (const wrapper of this.discovery.getProviders()) {
      const instance: unknown = wrapper.instance;
      // A request-scoped provider has no instance outside of a request.
      if (typeof instance === 'object' && instance !== null && wrapper.isDependencyTreeStatic()) {
        yield instance;
      }
    }
  }

  private *decorated(
    provider: object,
    name: HookName,
  ): Generator<(...args: unknown[]) => Promise<void>> {
    const prototype: unknown = Object.getPrototypeOf(provider);
    if (typeof prototype !== 'object' || prototype === null) {
      return;
    }
    for (const key of this.scanner.getAllMethodNames(prototype)) {
      const method: unknown = Reflect.get(prototype, key);
      if (typeof method === 'function' && Reflect.getMetadata(HOOK_METADATA, method) === name) {
        yield async (...args) => {
          await Reflect.apply(method, provider, args);
        };
      }
    }
  }
}
