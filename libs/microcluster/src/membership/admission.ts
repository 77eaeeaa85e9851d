/** Admits joiners: here when this member leads, else by passing the request on (`spec/core-api.md` 14.3). */
import { MicroclusterError } from '../errors/index.js';
import type { ReplicationMembers } from '../replication/index.js';
import type { ClusterMember, TokenResponse } from '../types/index.js';
import { admitMember, checkCredentials, checkJoinRequest, type AdmitParts } from './admit.js';
import type { Peers } from './peers.js';
import type { Turnstile } from './turnstile.js';

export interface AdmissionParts extends AdmitParts {
  readonly runtime: { readonly opened: Pick<ReplicationMembers, 'leader'> };
  readonly peers: Pick<Peers, 'with'>;
  /** Changes of membership exclude each other at the leader. */
  readonly turnstile: Turnstile;
}

/**
 * Handles `POST /core/internal/cluster`.
 *
 * @throws MicroclusterError 503 without a leader or with a full queue, and whatever the leader refuses with
 */
export async function admit(
  parts: AdmissionParts,
  joiner: ClusterMember,
  signal: AbortSignal,
): Promise<TokenResponse> {
  const { runtime, identity, trust, peers, turnstile } = parts;
  checkJoinRequest(trust, joiner);
  const leader = await runtime.opened.leader(signal);
  if (leader === undefined) {
    throw new MicroclusterError('UNAVAILABLE', {
      reason: 'The cluster has no leader at the moment; try again in a few seconds',
    });
  }
  if (leader === identity.address) {
    await checkCredentials(parts, joiner);
    return turnstile.pass(() => admitMember(parts, joiner, signal), signal);
  }
  return peers.with(leader, (client) => client.addMember(joiner, { signal }));
}
