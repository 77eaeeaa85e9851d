/** What the members run: one module for all, or one made for each. */
import type { DynamicModule, Type } from '@nestjs/common';
import type { MemberPlan } from './cluster-member.js';

/** A root module for every member, or a function that makes one for each. */
export type MemberModule =
  | Type
  | DynamicModule
  | ((member: MemberPlan) => Type | DynamicModule | Promise<Type | DynamicModule>);

/** The module that a member imports. */
export async function resolveModule(
  module: MemberModule,
  plan: MemberPlan,
): Promise<Type | DynamicModule> {
  return isMaker(module) ? module(plan) : module;
}

type Maker = Extract<MemberModule, (member: MemberPlan) => unknown>;

/** A class is a function, too, but must not be called. */
function isMaker(module: MemberModule): module is Maker {
  return typeof module === 'function' && !/^class\b/.test(Function.prototype.toString.call(module));
}
