/** Finds the hooks of an application, decorated or given as functions, and runs them in order. */
import { Inject, Injectable } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { DAEMON_ARGS } from '../options/tokens.js';
import type { ParsedDaemonArgs } from '../options/parse-daemon-args.js';
import { HOOK_METADATA } from './hook-decorators.js';
import type { HookArguments, HookName } from './lifecycle-hooks.js';

/** Runs lifecycle hooks: first the function in `DaemonArgs.hooks`, then decorated methods in the order of their modules. */
@Injectable()
export class HookRunner {
  constructor(
    @Inject(DAEMON_ARGS) private readonly args: ParsedDaemonArgs,
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  /** Runs every hook of this name one after the other; the first failure is thrown and ends the run. */
  async run<Name extends HookName>(name: Name, ...args: HookArguments[Name]): Promise<void> {
    await this.args.hooks[name]?.(...args);
    for (const method of this.decorated(name)) {
      await method(...args);
    }
  }

  private *decorated(
    name: HookName,
  ): Generator<(...args: HookArguments[HookName]) => Promise<void>> {
    for (const wrapper of this.discovery.getProviders()) {
      const instance: unknown = wrapper.instance;
      if (typeof instance !== 'object' || instance === null || !wrapper.isDependencyTreeStatic()) {
        continue;
      }
      const prototype: object | null = Object.getPrototypeOf(instance);
      if (prototype === null) {
        continue;
      }
      for (const key of this.scanner.getAllMethodNames(prototype)) {
        const method: unknown = Reflect.get(instance, key);
        if (typeof method === 'function' && Reflect.getMetadata(HOOK_METADATA, method) === name) {
          yield async (...args) => {
            await Reflect.apply(method, instance, args);
          };
        }
      }
    }
  }
}
