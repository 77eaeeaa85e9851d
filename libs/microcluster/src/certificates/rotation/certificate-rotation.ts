/** Replaces a certificate on all members, in two phases, so that no request fails meanwhile. */
import type { LoggerService } from '@nestjs/common';
import { isClientError } from '../../client/index.js';
import { MicroclusterError } from '../../errors/index.js';
import type { Failpoints } from '../../failpoints/index.js';
import type { PeerAnswer, Peers } from '../../membership/peers.js';
import type { ParsedDaemonArgs } from '../../options/index.js';
import { encodeValue, keyPairSchema, type WireKeyPair } from '../../types/index.js';
import type { TrustedMember } from '../../trust/index.js';
import type { LocalCertificates } from './local-certificates.js';
import type { Deliveries } from './deliveries.js';

/** How long a member may take to answer the announcement, milliseconds; one that does not is away. */
const ANNOUNCEMENT_LIMIT = 5_000;

export interface CertificateRotationParts {
  readonly args: ParsedDaemonArgs;
  readonly local: LocalCertificates;
  readonly peers: Peers;
  readonly deliveries: Deliveries;
  readonly failpoints: Failpoints;
  readonly logger: LoggerService;
  /** Whether the database is open, without which there is no cluster to tell. */
  readonly isOpen: () => boolean;
}

/** What became of the members that do not have the new certificate yet, by name; empty when all have it. */
export type RotationReport = Readonly<Record<string, string>>;

/** How one member answered the announcement. */
type Answer = 'ready' | 'away' | 'refused';

export class CertificateRotation {
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: CertificateRotationParts) {}

  /**
   * Replaces the certificate `name`: here, and with `fanOut` on all members. First everybody checks it and
   * accepts it beside the present one; only then does anybody show it. Members that are away get it later.
   *
   * @throws MicroclusterError when the pair is not usable, a member refuses it, or most members are away:
   *   then no file has changed anywhere
   */
  replace(
    name: string,
    wire: WireKeyPair,
    { fanOut }: { readonly fanOut: boolean },
  ): Promise<RotationReport> {
    const result = this.last.then(() => this.run(name, wire, fanOut));
    this.last = result.catch(() => undefined);
    return result;
  }

  private async run(name: string, wire: WireKeyPair, fanOut: boolean): Promise<RotationReport> {
    const { local, peers, failpoints, logger } = this.parts;
    const pair = local.check(name, wire);
    if (!fanOut || !this.parts.isOpen()) {
      if (fanOut) logger.warn({ event: 'certificate-replaced-only-here', certificate: name });
      await local.replace(name, pair);
      return {};
    }
    const others = peers.others();
    let replies: PeerAnswer<unknown>[] = [];
    try {
      await local.announce(name, wire);
      await failpoints.reach('rotation:announced-here');
      replies = await this.announceTo(others, name, wire);
      this.requireConsent(replies);
      await failpoints.reach('rotation:announced');
      await local.replace(name, pair);
    } catch (error) {
      await this.withdraw(name, replies);
      throw error;
    }
    await failpoints.reach('rotation:replaced-here');
    const ready = membersThat('ready', replies);
    const shown = await peers.ask(ready, (client) =>
      client.updateCertificate(name, wire, { notification: true }),
    );
    const away = replies.filter((reply) => answerOf(reply) === 'away');
    const report = await this.report(name, [...away, ...shown]);
    await failpoints.reach('rotation:completed');
    return report;
  }

  /** Members of the original have no such endpoint; they replace the certificate in the second phase alone. */
  private announceTo(
    members: readonly TrustedMember[],
    name: string,
    wire: WireKeyPair,
  ): Promise<PeerAnswer<unknown>[]> {
    const body = encodeValue(keyPairSchema, wire);
    return this.parts.peers.ask(members, async (client) => {
      await client.request('PUT', announcementPath(name), {
        body,
        notification: true,
        timeoutMs: Math.min(ANNOUNCEMENT_LIMIT, this.parts.args.timeouts.request),
      });
    });
  }

  /**
   * More than half of the members must be able to follow, so that two parts of a divided cluster cannot both
   * replace the certificate and no longer know each other.
   */
  private requireConsent(replies: readonly PeerAnswer<unknown>[]): void {
    for (const reply of replies) {
      if ('error' in reply && answerOf(reply) === 'refused') {
        throw new MicroclusterError(
          'FAILED',
          {
            reason: `The member "${reply.member.name}" refused the certificate, and nothing was changed: ${textOf(reply.error)}`,
          },
          {
            cause: reply.error,
            ...(isClientError(reply.error) ? { status: reply.error.status } : {}),
          },
        );
      }
    }
    const all = replies.length + 1;
    const ready = membersThat('ready', replies).length + 1;
    if (ready * 2 <= all) {
      throw new MicroclusterError('UNAVAILABLE', {
        reason: `Only ${ready} of ${all} members can be reached, and nothing was changed; start more of them and try again`,
      });
    }
  }

  private async withdraw(name: string, replies: readonly PeerAnswer<unknown>[]): Promise<void> {
    const { local, peers } = this.parts;
    await local.withdraw(name);
    await peers.ask(membersThat('ready', replies), (client) =>
      client.request('DELETE', announcementPath(name), { notification: true }),
    );
  }

  private async report(
    name: string,
    replies: readonly PeerAnswer<unknown>[],
  ): Promise<RotationReport> {
    const { deliveries, logger } = this.parts;
    const late: Record<string, string> = {};
    for (const reply of replies) {
      if (!('error' in reply)) continue;
      late[reply.member.name] = `not updated yet, will be when it is back: ${textOf(reply.error)}`;
      logger.warn({
        event: 'certificate-not-delivered',
        certificate: name,
        member: reply.member.name,
        error: reply.error,
      });
    }
    // Members with an old cluster certificate are recognised by it; those of servers must be remembered.
    if (name !== 'cluster') await deliveries.set(name, Object.keys(late));
    return late;
  }
}

/** Where the first phase is announced (`PUT`) and withdrawn (`DELETE`). */
export function announcementPath(name: string): string {
  return `/core/internal/certificates/${encodeURIComponent(name)}`;
}

function membersThat(answer: Answer, replies: readonly PeerAnswer<unknown>[]): TrustedMember[] {
  return replies.filter((reply) => answerOf(reply) === answer).map(({ member }) => member);
}

function answerOf(reply: PeerAnswer<unknown>): Answer {
  if (!('error' in reply)) return 'ready';
  const { error } = reply;
  if (!isClientError(error) || error.code !== 'REPLIED' || error.status === 503) return 'away';
  return error.status === 404 || error.status === 501 ? 'ready' : 'refused';
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
