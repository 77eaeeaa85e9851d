/** Brings certificates to members that were away when they were replaced. */
import { timeLimit } from '@microcluster/dqlite/time-limit';
import type { LoggerService } from '@nestjs/common';
import { fetchPeerCertificate } from '../../client/index.js';
import type { MemberIdentity } from '../../lifecycle/member-identity.js';
import type { Peers } from '../../membership/peers.js';
import { routeTo, type ParsedDaemonArgs } from '../../options/index.js';
import type { StateDirectory } from '../../state/index.js';
import type { TrustedMember } from '../../trust/index.js';
import { fingerprintOf } from '../inspect.js';
import { loadKeyPair } from '../key-pair-files.js';
import { wireOf } from './check-key-pair.js';
import type { Deliveries } from './deliveries.js';
import type { LocalCertificates } from './local-certificates.js';

export interface CatchUpParts {
  readonly args: ParsedDaemonArgs;
  readonly state: StateDirectory;
  readonly identity: MemberIdentity;
  readonly peers: Peers;
  readonly local: LocalCertificates;
  readonly deliveries: Deliveries;
  readonly logger: LoggerService;
}

/** What a member was found to show. */
type Shown = 'current' | 'previous' | 'unknown' | 'unreachable';

/**
 * Every member that knows a replaced cluster certificate looks at what the others show, and sends the new
 * one to those that show the old; a member that was away cannot ask for it, since it no longer recognises
 * anybody. Once all show the new one, the old one is no longer accepted.
 */
export class CertificateCatchUp {
  /** The certificate that all members were seen to show in the last round. */
  private agreed: string | undefined;
  private readonly strangers = new Set<string>();

  constructor(private readonly parts: CatchUpParts) {}

  /** One round. Failures of single members are logged or wait for the next round. */
  async round(signal: AbortSignal): Promise<void> {
    const { identity, peers } = this.parts;
    await this.deliverAdditional(signal);
    if (!identity.hasCluster || identity.previousCertificates.length === 0) return;
    const current = fingerprintOf(identity.cluster.certificate);
    const shown = await Promise.all(peers.others().map((member) => this.visit(member, signal)));
    const isAgreed = shown.every((what) => what === 'current');
    // Twice in a row, so that what was being dialled at the moment of the replacement has settled.
    if (isAgreed && this.agreed === current) await this.parts.local.forgetPrevious();
    this.agreed = isAgreed ? current : undefined;
  }

  private async visit(member: TrustedMember, signal: AbortSignal): Promise<Shown> {
    const { args, identity, peers, logger } = this.parts;
    const limited = AbortSignal.any([signal, timeLimit(args.timeouts.probe)]);
    let certificate: string;
    try {
      certificate = await fetchPeerCertificate(
        member.address,
        limited,
        routeTo(member.address, args).via,
      );
    } catch {
      return 'unreachable';
    }
    const what = classify(certificate, identity);
    if (what === 'unknown' && !this.strangers.has(member.name)) {
      this.strangers.add(member.name);
      logger.warn({ event: 'member-shows-unknown-certificate', member: member.name });
    }
    if (what === 'current') this.strangers.delete(member.name);
    if (what === 'previous') {
      const wire = wireOf(identity.cluster);
      try {
        await peers.with(member.address, (client) =>
          client.updateCertificate('cluster', wire, { notification: true, signal }),
        );
        logger.log({ event: 'certificate-caught-up', certificate: 'cluster', member: member.name });
      } catch (error) {
        logger.warn({ event: 'certificate-not-caught-up', member: member.name, error });
      }
    }
    return what;
  }

  private async deliverAdditional(signal: AbortSignal): Promise<void> {
    const { state, peers, deliveries, logger } = this.parts;
    for (const [name, members] of Object.entries(await deliveries.pending())) {
      const pair = await loadKeyPair(state.certificatesPath, name);
      for (const memberName of members) {
        const member = peers.others().find((other) => other.name === memberName);
        if (member === undefined || pair === undefined) {
          await deliveries.settle(name, memberName);
          continue;
        }
        try {
          await peers.with(member.address, (client) =>
            client.updateCertificate(name, wireOf(pair), {
              notification: true,
              signal,
              timeoutMs: this.parts.args.timeouts.probe,
            }),
          );
          await deliveries.settle(name, memberName);
          logger.log({ event: 'certificate-caught-up', certificate: name, member: memberName });
        } catch {
          // Still away; the next round tries again.
        }
      }
    }
  }
}

function classify(certificate: string, identity: MemberIdentity): Shown {
  const shown = fingerprintOf(certificate);
  if (shown === fingerprintOf(identity.cluster.certificate)) return 'current';
  return identity.previousCertificates.some((previous) => fingerprintOf(previous) === shown)
    ? 'previous'
    : 'unknown';
}
