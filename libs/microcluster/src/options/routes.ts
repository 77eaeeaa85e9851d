/** Where members are dialled when something stands between them, as in a test that cuts or slows the network. */
import type { DaemonArgs } from './daemon-args.js';

/** By the address of a member, the `ip:port` that is dialled instead. */
export type Routes = Readonly<Record<string, string>>;

/** Settings that have been adjusted for a test. */
export interface AdjustedDaemonArgs extends DaemonArgs {
  readonly routes?: Routes;
}

/** The part of a client's target that says where `address` is dialled. */
export function routeTo(
  address: string,
  { routes = {} }: { readonly routes?: Routes },
): { readonly via?: string } {
  const via = routes[address];
  return via === undefined ? {} : { via };
}
