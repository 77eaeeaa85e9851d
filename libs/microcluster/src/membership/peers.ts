/** Clients for the other members of the cluster, and for its leader. */
import type { LoggerService } from '@nestjs/common';
import { MicroclusterClient } from '../client/index.js';
import type { MemberIdentity } from '../lifecycle/member-identity.js';
import { routeTo, type ParsedDaemonArgs } from '../options/index.js';
import type { TrustStore, TrustedMember } from '../trust/index.js';

/** The outcome of asking one member. */
export type PeerAnswer<T> =
  | { readonly member: TrustedMember; readonly answer: T }
  | { readonly member: TrustedMember; readonly error: unknown };

/** Makes clients that present this member's identity and trust the cluster certificate. */
export class Peers {
  constructor(
    private readonly identity: MemberIdentity,
    private readonly trust: Pick<TrustStore, 'list'>,
    private readonly args: Pick<ParsedDaemonArgs, 'timeouts' | 'routes'>,
    private readonly logger: LoggerService,
  ) {}

  /** A client of the member at `address`; the caller closes it. */
  client(address: string): MicroclusterClient {
    return new MicroclusterClient({
      address,
      identity: this.identity.dialling,
      trusted: this.identity.trustedCluster,
      timeoutMs: this.args.timeouts.request,
      ...routeTo(address, this.args),
    });
  }

  /** Makes a client of the member at `address` for one question, and closes it afterwards. */
  async with<T>(address: string, question: (client: MicroclusterClient) => Promise<T>): Promise<T> {
    const client = this.client(address);
    try {
      return await question(client);
    } finally {
      await client.close();
    }
  }

  /** All trusted members but this one. */
  others(): TrustedMember[] {
    return this.trust.list().filter((member) => member.name !== this.identity.name);
  }

  /**
   * Asks the given members at once and waits for every answer.
   * @returns one entry per member, in the order given; an error is an answer too
   */
  async ask<T>(
    members: readonly TrustedMember[],
    question: (client: MicroclusterClient, member: TrustedMember) => Promise<T>,
  ): Promise<PeerAnswer<T>[]> {
    return Promise.all(
      members.map(async (member): Promise<PeerAnswer<T>> => {
        try {
          const answer = await this.with(member.address, (client) => question(client, member));
          return { member, answer };
        } catch (error) {
          return { member, error };
        }
      }),
    );
  }

  /** Tells all other members, or `members`, something; failures are logged as one line each and do not fail the call. */
  async tell(
    what: string,
    message: (client: MicroclusterClient, member: TrustedMember) => Promise<unknown>,
    members: readonly TrustedMember[] = this.others(),
  ): Promise<void> {
    for (const reply of await this.ask(members, message)) {
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
