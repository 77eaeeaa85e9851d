/** What a removal does to other members and to dqlite, over the network. */
import { timeLimit } from '@microcluster/dqlite/time-limit';
import { isClientError } from '../../client/index.js';
import { failedWith } from '../../errors/failed-with.js';
import { runWithin } from '../../hooks/hook-limit.js';
import type { HookRunner } from '../../hooks/index.js';
import type { MemberIdentity } from '../../lifecycle/member-identity.js';
import type { ParsedDaemonArgs } from '../../options/index.js';
import type { ReplicationMembers } from '../../replication/index.js';
import type { Peers } from '../peers.js';
import type { TrustPropagation } from '../trust-propagation.js';
import type { RemovalTarget } from './decide-removal.js';

/** The effects of a removal besides those on the tables. All reject when they fail. */
export interface RemovalEffects {
  /** Resolves when the member answers at all. */
  reach(target: RemovalTarget, signal: AbortSignal): Promise<void>;
  runPreRemove(target: RemovalTarget, force: boolean, signal: AbortSignal): Promise<void>;
  /** One that is no node any more is no error. */
  removeNode(id: bigint, signal: AbortSignal): Promise<void>;
  /** Here and on all peers. @returns whether it was trusted here */
  distrust(name: string): Promise<boolean>;
  reset(target: RemovalTarget, force: boolean, signal: AbortSignal): Promise<void>;
  /** Here, then on all that remain. @returns the members that could not be reached */
  runPostRemove(name: string, force: boolean, signal: AbortSignal): Promise<readonly string[]>;
}

export interface NetworkEffectsParts {
  readonly args: Pick<ParsedDaemonArgs, 'timeouts'>;
  readonly identity: MemberIdentity;
  readonly runtime: { readonly opened: ReplicationMembers };
  readonly peers: Pick<Peers, 'ask' | 'others' | 'with'>;
  readonly propagation: Pick<TrustPropagation, 'forget'>;
  readonly hooks: Pick<HookRunner, 'run'>;
  /** Whether this member's database is open; it is not while it waits for an upgrade. */
  readonly isOpen: () => boolean;
}

/** The effects on a real cluster. */
export class NetworkEffects implements RemovalEffects {
  constructor(private readonly parts: NetworkEffectsParts) {}

  async reach({ address }: RemovalTarget, signal: AbortSignal): Promise<void> {
    const { peers, args } = this.parts;
    try {
      await peers.with(address, (client) =>
        client.ready({ signal, timeoutMs: args.timeouts.probe }),
      );
    } catch (error) {
      if (!isClientError(error, 'REPLIED')) throw error;
    }
  }

  async runPreRemove(
    { name, address }: RemovalTarget,
    force: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const options = { signal, target: name, notification: true };
    await this.parts.peers.with(address, (client) =>
      client.runHook('pre-remove', { force }, options),
    );
  }

  removeNode(id: bigint, signal: AbortSignal): Promise<void> {
    return this.parts.runtime.opened.removeMember(id, signal);
  }

  distrust(name: string): Promise<boolean> {
    return this.parts.propagation.forget(name);
  }

  async reset(
    { name, address }: RemovalTarget,
    force: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    await this.parts.peers.with(address, (client) => client.resetMember(name, { signal, force }));
  }

  /** Who cannot be reached, or is not ready, does not hold up a removal; each hook has the time of one request. */
  async runPostRemove(
    name: string,
    force: boolean,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const { hooks, peers, identity, args, isOpen } = this.parts;
    const missed: string[] = [];
    if (isOpen()) {
      const limit = { hook: 'postRemove', limitMs: args.timeouts.request, signal } as const;
      const run = (bounded: AbortSignal) => hooks.run('postRemove', { signal: bounded }, { force });
      await runWithin(limit, run).catch(
        failedWith(`Failed to execute post-remove hook on cluster member "${identity.name}"`),
      );
    } else {
      // The hooks of a release must not meet the schema of an earlier one.
      missed.push(identity.name);
    }
    const rest = peers.others().filter((member) => member.name !== name);
    const limit = AbortSignal.any([signal, timeLimit(args.timeouts.request)]);
    const replies = await peers.ask(rest, (client, { name: peer }) =>
      client.runHook('post-remove', { force }, { target: peer, notification: true, signal: limit }),
    );
    for (const reply of replies) {
      if (!('error' in reply)) continue;
      const { error, member } = reply;
      if (isClientError(error, 'REPLIED') && error.status !== 503) {
        failedWith(`Failed to execute post-remove hook on cluster member "${member.name}"`)(error);
      }
      missed.push(member.name);
    }
    return missed;
  }
}
