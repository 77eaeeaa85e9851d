/** Decorators that make a provider's method a lifecycle hook. */
import { SetMetadata } from '@nestjs/common';
import type { HookArguments, HookName } from './lifecycle-hooks.js';

/** Metadata key of a hook method; its value is the hook's name. */
export const HOOK_METADATA = Symbol.for('@microcluster/nest:hook');

type HookMethod<Name extends HookName> = (...args: HookArguments[Name]) => void | Promise<void>;

/** Accepts only methods whose parameters fit the hook. */
export type HookDecorator<Name extends HookName> = <Method extends HookMethod<Name>>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;

function hookDecorator<Name extends HookName>(name: Name): () => HookDecorator<Name> {
  return () => (target, key, descriptor) => {
    SetMetadata(HOOK_METADATA, name)(target, key, descriptor);
  };
}

/** Runs before this member is bootstrapped or joined. */
export const OnPreInit = hookDecorator('preInit');
/** Runs on the first member once its database is open. */
export const OnPostBootstrap = hookDecorator('postBootstrap');
/** Runs on a joiner before its peers are told. */
export const OnPreJoin = hookDecorator('preJoin');
/** Runs on a joiner as the last step. */
export const OnPostJoin = hookDecorator('postJoin');
/** Runs on the existing members after another has joined. */
export const OnNewMember = hookDecorator('newMember');
/** Runs at each start of the process. */
export const OnStart = hookDecorator('start');
/** Runs on the leader after each heartbeat round. */
export const OnHeartbeat = hookDecorator('heartbeat');
/** Runs on a member before it is removed. */
export const OnPreRemove = hookDecorator('preRemove');
/** Runs on the remaining members after a removal. */
export const OnPostRemove = hookDecorator('postRemove');
/** Runs on the other members after one has changed its configuration. */
export const OnDaemonConfigUpdate = hookDecorator('daemonConfigUpdate');
