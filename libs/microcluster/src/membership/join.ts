/** Makes this daemon a member of an existing cluster, by a join token (`spec/core-api.md` 14). */
import path from 'node:path';
import { timeLimit } from '@microcluster/dqlite/time-limit';
import { receivedAuthority, writeKeyPair } from '../certificates/index.js';
import { isClientError } from '../client/index.js';
import { failedWith } from '../errors/failed-with.js';
import { MicroclusterError } from '../errors/index.js';
import type { ParsedDaemonArgs } from '../options/index.js';
import { decodeJoinToken } from '../tokens/index.js';
import type { TrustedMember } from '../trust/index.js';
import type { TokenResponse } from '../types/index.js';
import { askForAdmission } from './ask-for-admission.js';
import type { ClusterRecords } from './cluster-records.js';
import { beginInitialisation } from './initialisation-plan.js';
import {
  initialiseMember,
  type InitialisationParts,
  type InitialisationRequest,
} from './initialise.js';
import type { PeerAnswer, Peers } from './peers.js';
import type { Rollback } from './rollback.js';
import { withdraw, type WithdrawalAddressee } from './withdraw.js';

/**
 * How long one peer may take to say that it trusts us, milliseconds. One that swallows packets must not hold
 * up a join; it learns by heartbeat.
 */
const ANNOUNCE_LIMIT = 10_000;
/** How long undoing a failed join may wait for the cluster, milliseconds. */
const WITHDRAWAL_LIMIT = 60_000;

export interface JoinParts extends InitialisationParts {
  readonly args: ParsedDaemonArgs;
  readonly peers: Peers;
  readonly records: ClusterRecords;
}

/**
 * Joins the cluster that issued `token`. Resolves when the database is open, a member trusts us and the
 * hook `postJoin` has run.
 *
 * @param asked aborts when whoever asked for it has gone away
 * @throws the error of the step that failed; everything has been undone and the token can be used again
 */
export async function joinCluster(
  parts: JoinParts,
  token: string,
  request: InitialisationRequest,
  asked: AbortSignal,
): Promise<void> {
  const { daemon, identity, trust, runtime, schema, hooks, peers, records, failpoints } = parts;
  const decoded = decodeJoinToken(token);
  await initialiseMember(
    parts,
    'join',
    request,
    asked,
    async (rollback, signal) => {
      const admission = await enter(parts, decoded, request, rollback, signal);
      await failpoints.reach('join:admitted');
      await storeCertificates(parts, admission);
      await failpoints.reach('join:certificates-stored');
      const self = {
        name: request.name,
        address: request.address,
        certificate: identity.server.certificate,
      };
      await trust.replace([
        ...admission.cluster_members.filter((member) => member.name !== self.name),
        self,
      ]);
      await failpoints.reach('join:trust-stored');
      daemon.retirePreInitListener();
      await runtime.openListener();
      await failpoints.reach('join:listening');
      const addresses = admission.cluster_members.map((member) => member.address);
      await runtime
        .openDatabase({ kind: 'join', addresses }, signal, parts.onRound)
        .catch(failedWith('Failed to join cluster'));
      await failpoints.reach('join:database-opened');
      await schema
        .pass(request.name, signal, (blockedBy) => daemon.transition({ type: 'wait', blockedBy }))
        .catch(failedWith('Failed to join cluster'));
      await failpoints.reach('join:schema-passed');
      await hooks.run('preJoin', { signal }, request.config);
      await failpoints.reach('join:pre-join-hook-run');
      const reached = await announce(peers, self);
      await failpoints.reach('join:announced');
      await introduce(parts, reached, self);
      await failpoints.reach('join:introduced');
      await hooks.run('postJoin', { signal }, request.config);
      await failpoints.reach('join:hook-run');
    },
    () => records.completeJoin(identity.server.certificate, schema),
  );
}

/** From the first answer that may mean yes, a failure has to be told to the cluster, also after a crash. */
async function enter(
  parts: JoinParts,
  token: Parameters<typeof askForAdmission>[1],
  request: InitialisationRequest,
  rollback: Rollback,
  signal: AbortSignal,
): Promise<TokenResponse> {
  const { name } = request;
  const addressees = new Map<string, WithdrawalAddressee>();
  const add = (address: string, certificate: string) => {
    addressees.delete(address);
    addressees.set(address, { address, certificate });
  };
  rollback.add('admission', async () => {
    if (addressees.size === 0) return;
    await withdraw(parts, [...addressees.values()], name, timeLimit(WITHDRAWAL_LIMIT));
  });
  let isNoted = false;
  const admission = await askForAdmission(parts, token, request, signal, {
    async asking(certificate) {
      if (isNoted) return;
      const asked = { addresses: [...token.joinAddresses], certificate };
      await beginInitialisation(parts.state.path, { operation: 'join', name, asked });
      isNoted = true;
    },
    maybeAdmitted: add,
  });
  for (const { address } of [admission.trusted_member, ...admission.cluster_members]) {
    add(address, admission.cluster_cert);
  }
  return admission;
}

async function storeCertificates(
  { state, identity, logger }: JoinParts,
  admission: TokenResponse,
): Promise<void> {
  identity.cluster = {
    certificate: admission.cluster_cert,
    privateKey: admission.cluster_key,
  };
  await writeKeyPair(state.path, 'cluster', identity.cluster);
  for (const [name, pair] of Object.entries(admission.ClusterAdditionalCerts)) {
    if (path.basename(name) !== name || name.startsWith('.')) {
      throw new MicroclusterError('FAILED', {
        reason: `The cluster sent an additional certificate with the unusable name ${JSON.stringify(name)}`,
      });
    }
    const ca = receivedAuthority(pair.ca);
    if (ca === undefined && pair.ca !== '') logger.warn({ event: 'authority-unreadable', name });
    await writeKeyPair(state.certificatesPath, name, {
      certificate: pair.cert,
      privateKey: pair.key,
      ...(ca !== undefined && { ca }),
    });
  }
}

/**
 * Asks all peers to trust us. One that does is enough: the others learn of us by heartbeat
 * (`spec/core-api.md` 14.4).
 *
 * @returns the peers that can be reached
 */
async function announce(peers: Peers, self: TrustedMember): Promise<TrustedMember[]> {
  const replies = await peers.ask(peers.others(), (client) =>
    client.truststoreAdd(self, { timeoutMs: ANNOUNCE_LIMIT }),
  );
  if (replies.some((reply) => 'answer' in reply)) {
    return replies.filter(isReached).map((reply) => reply.member);
  }
  const last = replies.at(-1);
  throw new MicroclusterError('FAILED', {
    reason: `Failed to confirm new member "${self.name}" on any existing system (${replies.length}): ${
      last !== undefined && 'error' in last && last.error instanceof Error ? last.error.message : ''
    }`,
  });
}

/** Wakes members that wait for an upgrade, and runs the hook of those that exist; neither can fail the join. */
async function introduce(
  { peers }: JoinParts,
  reached: readonly TrustedMember[],
  self: TrustedMember,
): Promise<void> {
  await peers.tell(
    'upgrade-notice',
    (client) => client.patchDatabase({ notification: true, timeoutMs: ANNOUNCE_LIMIT }),
    reached,
  );
  await peers.tell(
    'new-member-hook',
    (client, member) =>
      client.runHook(
        'on-new-member',
        { new_member: self },
        { target: member.name, notification: true },
      ),
    reached,
  );
}

/** A peer that refuses us will trust us soon; one that does not answer is away. */
function isReached(reply: PeerAnswer<unknown>): boolean {
  return 'answer' in reply || isClientError(reply.error, 'REPLIED');
}
