/** The application of each member: one module for all, or one made for each. */
import type { DynamicModule, Type } from '@nestjs/common';
import type { TestingModuleBuilder } from '@nestjs/testing';
import { AddressBook } from '../free-addresses.js';
import { ClusterTestingModuleBuilder, type TestDaemonArgs } from '../module/index.js';
import { adjustmentFor } from '../module/test-settings.js';
import type { TestNetwork } from '../network/index.js';
import type { MemberPlan, MemberRecipe } from './test-member.js';

/** A root module for every member, or a function that makes one for each. */
export type MemberModule =
  | Type
  | DynamicModule
  | ((member: MemberPlan) => Type | DynamicModule | Promise<Type | DynamicModule>);

/** How the applications are made. */
export interface MemberSettings {
  /** Settings of each member, or of this one, that win over those of the application and of the cluster. */
  readonly daemon?: TestDaemonArgs | ((member: MemberPlan) => TestDaemonArgs);
  /** Called with the builder of each application, for overrides of guards and providers. */
  readonly override?: (builder: TestingModuleBuilder, member: MemberPlan) => unknown;
}

/**
 * Failures are noticed within a second or two, and the machine is not busy with heartbeats. Both are what a
 * machine under load still keeps up with.
 */
const SHORTENED = { heartbeatIntervalMs: 500, networkLatencyMs: 100 };

/** Makes the applications of members from `module`. @param network between them; none: they dial each other directly */
export function recipeFor(
  module: MemberModule,
  settings: MemberSettings,
  network?: TestNetwork,
): MemberRecipe {
  const books = new Map<number, AddressBook>();
  return async (plan, logger) => {
    const { daemon = {}, override } = settings;
    const addresses = books.get(plan.number) ?? new AddressBook();
    books.set(plan.number, addresses);
    const adjustment = adjustmentFor({
      stateDir: plan.stateDir,
      engine: 'dqlite',
      logger,
      addresses,
      ...(network !== undefined && { routes: network.routesOf(plan.number) }),
      daemon: { ...SHORTENED, ...(typeof daemon === 'function' ? daemon(plan) : daemon) },
    });
    const imported = isMaker(module) ? await module(plan) : module;
    const builder = new ClusterTestingModuleBuilder(
      { imports: [imported] },
      { addresses, prepare: async () => ({ adjustment, dispose: async () => undefined }) },
    );
    override?.(builder, plan);
    return builder;
  };
}

type Maker = Extract<MemberModule, (member: MemberPlan) => unknown>;

/** A class is a function, too, but must not be called. */
function isMaker(module: MemberModule): module is Maker {
  return typeof module === 'function' && !/^class\b/.test(Function.prototype.toString.call(module));
}
