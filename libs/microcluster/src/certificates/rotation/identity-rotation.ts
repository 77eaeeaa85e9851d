/** Replaces this member's own certificate, by which the others believe it, without a moment in which they do not. */
import type { LoggerService } from '@nestjs/common';
import { isClientError } from '../../client/index.js';
import { MicroclusterError } from '../../errors/index.js';
import type { Failpoints } from '../../failpoints/index.js';
import type { MemberIdentity } from '../../lifecycle/member-identity.js';
import type { ClusterRecords } from '../../membership/cluster-records.js';
import type { PeerAnswer, Peers } from '../../membership/peers.js';
import type { ParsedDaemonArgs } from '../../options/index.js';
import type { StateDirectory } from '../../state/index.js';
import type { TrustStore } from '../../trust/index.js';
import type { WireKeyPair } from '../../types/index.js';
import { generateKeyPair, type KeyPair } from '../generate.js';
import { dnsNamesOf } from '../inspect.js';
import { checkKeyPair } from './check-key-pair.js';
import { writePendingIdentity } from './pending-identity.js';
import { settleIdentity } from './settle-identity.js';

/** How long a member may take to answer the announcement, milliseconds; one that does not is away. */
const ANNOUNCEMENT_LIMIT = 5_000;
/** Both certificates are believed at least so long after the announcement, milliseconds. */
const SHORTEST_OVERLAP = 120_000;

export interface IdentityRotationParts {
  readonly args: ParsedDaemonArgs;
  readonly state: StateDirectory;
  readonly identity: MemberIdentity;
  readonly trust: TrustStore;
  readonly peers: Peers;
  readonly records: ClusterRecords;
  readonly failpoints: Failpoints;
  readonly logger: LoggerService;
  /** Makes the replication dial with the identity's present certificate. */
  readonly refreshTrust: () => Promise<void>;
}

/**
 * Four steps, each of which can be repeated: all members that can be reached believe both certificates; the
 * new pair is kept beside the present one; the member table gets the new certificate; this member uses it.
 * The others learn from the table, by the next heartbeat, as do those that were away.
 */
export class IdentityRotation {
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: IdentityRotationParts) {}

  /**
   * @param wire the new pair; without one it is made here
   * @throws MicroclusterError 400 for a pair that cannot be used, 503 without a database or when most members
   *   are away; nothing has changed then
   */
  replace(wire?: WireKeyPair): Promise<void> {
    const result = this.last.then(() => this.run(wire));
    this.last = result.catch(() => undefined);
    return result;
  }

  /** Another member is about to replace its certificate by `certificate`, PEM: both are believed for a while. */
  believe(name: string, certificate: string): void {
    // A member that misses a heartbeat or two must not lose sight of it.
    const overlap = Math.max(SHORTEST_OVERLAP, 4 * this.parts.args.heartbeatIntervalMs);
    this.parts.trust.announce(name, certificate, overlap);
  }

  private async run(wire: WireKeyPair | undefined): Promise<void> {
    const { identity, records, state, failpoints } = this.parts;
    await this.settle();
    const pair = await this.pairFor(wire);
    await this.announce(pair.certificate);
    await failpoints.reach('identity:announced');
    await writePendingIdentity(state.path, pair);
    await failpoints.reach('identity:pair-kept');
    try {
      await records.write(async ({ members }) => {
        const row = await members.byName(identity.name);
        if (row === undefined) throw new MicroclusterError('MEMBER_REMOVED', identity);
        await members.replaceCertificate(row.id, pair.certificate);
      });
    } catch (error) {
      // It may have been committed all the same; where the table cannot tell now, the next start asks it.
      if (!(await this.settle())) throw error;
      return;
    }
    await failpoints.reach('identity:row-written');
    await this.settle();
    await failpoints.reach('identity:completed');
  }

  private async pairFor(wire: WireKeyPair | undefined): Promise<KeyPair> {
    const { name } = this.parts.identity;
    if (wire === undefined) return generateKeyPair({ commonName: name });
    const pair = checkKeyPair('server', wire, { names: 'dns', now: new Date() });
    if (!dnsNamesOf(pair.certificate).includes(name)) {
      throw new MicroclusterError('BAD_REQUEST', {
        reason: `The certificate has no DNS name "${name}", the name of this member; add it to the alternative names`,
      });
    }
    return pair;
  }

  /** Members of the original cannot believe two certificates (404, 501); they follow the next heartbeat. */
  private async announce(certificate: string): Promise<void> {
    const { identity, peers, args } = this.parts;
    this.believe(identity.name, certificate);
    const replies = await peers.ask(peers.others(), (client) =>
      client.request('PUT', `/core/internal/truststore/${encodeURIComponent(identity.name)}`, {
        body: { certificate },
        notification: true,
        timeoutMs: Math.min(ANNOUNCEMENT_LIMIT, args.timeouts.request),
      }),
    );
    const away = replies.filter(isAway).length;
    if (away * 2 >= replies.length + 1) {
      throw new MicroclusterError('UNAVAILABLE', {
        reason: `Only ${replies.length + 1 - away} of ${replies.length + 1} members can be reached, and nothing was changed; start more of them and try again`,
      });
    }
    const refusal = replies.find(
      (reply) => 'error' in reply && !isAway(reply) && !isUnknown(reply),
    );
    if (refusal !== undefined && 'error' in refusal) {
      throw new MicroclusterError(
        'FAILED',
        {
          reason: `The member "${refusal.member.name}" refused the new certificate, and nothing was changed: ${messageOf(refusal.error)}`,
        },
        { cause: refusal.error },
      );
    }
  }

  /** @returns whether this member uses a new certificate now */
  private async settle(): Promise<boolean> {
    const { identity, records, trust } = this.parts;
    const row = await records.read(({ members }) => members.byName(identity.name));
    if (!(await settleIdentity(this.parts, row?.certificate))) return false;
    const { name, address, server } = identity;
    const others = trust.list().filter((member) => member.name !== name);
    await trust.replace([...others, { name, address, certificate: server.certificate }]);
    await this.parts.refreshTrust();
    return true;
  }
}

function isAway(reply: PeerAnswer<unknown>): boolean {
  if (!('error' in reply)) return false;
  const { error } = reply;
  return !isClientError(error, 'REPLIED') || error.status === 503;
}

function isUnknown(reply: PeerAnswer<unknown>): boolean {
  if (!('error' in reply) || !isClientError(reply.error, 'REPLIED')) return false;
  return reply.error.status === 404 || reply.error.status === 501;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
