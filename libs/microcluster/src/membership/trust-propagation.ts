/** Adds and removes trusted members here and on all peers that can be reached; the others learn by heartbeat. */
import { timeLimit } from '@microcluster/dqlite/time-limit';
import type { LoggerService } from '@nestjs/common';
import { failedWith } from '../errors/failed-with.js';
import { MicroclusterError } from '../errors/index.js';
import type { TrustStore, TrustedMember } from '../trust/index.js';
import type { Peers } from './peers.js';

/**
 * How long one peer may take, milliseconds. One that swallows packets must not hold up a join or a removal;
 * it learns by heartbeat.
 */
const PEER_LIMIT = 5_000;

/** Whether the change is passed on to the other members. */
export interface PropagationOptions {
  readonly fanOut: boolean;
}

/** Changes the trust store and passes the change on. */
export class TrustPropagation {
  constructor(
    private readonly trust: Pick<TrustStore, 'add' | 'byName' | 'remove'>,
    private readonly peers: Peers,
    private readonly logger: LoggerService,
  ) {}

  /** Trusts `member`. One that is trusted already is no error. */
  async add(member: TrustedMember, { fanOut }: PropagationOptions): Promise<void> {
    if (fanOut) {
      const others = this.peers.others().filter((peer) => peer.address !== member.address);
      await this.passOn(others, 'truststore-add', (client) =>
        client.truststoreAdd(member, { notification: true, signal: timeLimit(PEER_LIMIT) }),
      );
    }
    if (this.trust.byName(member.name) === undefined) {
      await this.trust
        .add(member)
        .catch(failedWith(`Failed adding local record of newly joined node "${member.name}"`));
    }
  }

  /** Stops trusting the member called `name`. @throws MicroclusterError when nobody of that name is trusted */
  async remove(name: string, { fanOut }: PropagationOptions): Promise<void> {
    if (this.trust.byName(name) === undefined) {
      throw new MicroclusterError('FAILED', {
        reason: `No truststore entry found for node with name "${name}"`,
      });
    }
    if (fanOut) await this.passRemovalOn(name);
    await this.trust
      .remove(name)
      .catch(failedWith(`Failed to remove truststore entry for node with name "${name}"`));
  }

  /**
   * As {@link remove} with all peers, for one that may be forgotten already, here or there.
   * @returns whether it was trusted here
   */
  async forget(name: string): Promise<boolean> {
    await this.passRemovalOn(name);
    return this.trust.remove(name);
  }

  private async passRemovalOn(name: string): Promise<void> {
    const others = this.peers.others().filter((peer) => peer.name !== name);
    await this.passOn(others, 'truststore-remove', (client) =>
      client.truststoreRemove(name, { notification: true, signal: timeLimit(PEER_LIMIT) }),
    );
  }

  private async passOn(
    members: readonly TrustedMember[],
    what: string,
    message: Parameters<Peers['ask']>[1],
  ): Promise<void> {
    for (const reply of await this.peers.ask(members, message)) {
      if ('error' in reply) {
        this.logger.warn({
          event: `${what}-failed`,
          member: reply.member.name,
          error: reply.error,
        });
      }
    }
  }
}
