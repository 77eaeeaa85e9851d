/** Makes this daemon a member of an existing cluster, by a join token (`spec/core-api.md` 14). */
import { timeLimit } from '@microcluster/dqlite/time-limit';
import path from 'node:path';
import { fingerprintOf, writeKeyPair } from '../certificates/index.js';
import { fetchPeerCertificate, isClientError, MicroclusterClient } from '../client/index.js';
import { failedWith } from '../errors/failed-with.js';
import { MicroclusterError } from '../errors/index.js';
import { decodeJoinToken, type JoinToken } from '../tokens/index.js';
import { zeroTime, type TokenResponse } from '../types/index.js';
import type { ParsedDaemonArgs } from '../options/index.js';
import {
  initialiseMember,
  type InitialisationParts,
  type InitialisationRequest,
} from './initialise.js';
import type { Peers } from './peers.js';

/** How long reading the certificate of a token's address may take, milliseconds. */
const FETCH_LIMIT = 10_000;

export interface JoinParts extends InitialisationParts {
  readonly args: ParsedDaemonArgs;
  readonly peers: Peers;
}

/**
 * Joins the cluster that issued `token`. Resolves when the database is open, a member trusts us and the
 * hook `postJoin` has run.
 *
 * @throws the error of the step that failed; everything has been undone and the token can be used again
 */
export async function joinCluster(
  parts: JoinParts,
  token: string,
  request: InitialisationRequest,
): Promise<void> {
  const { daemon, identity, trust, runtime, schema, hooks, peers } = parts;
  const decoded = decodeJoinToken(token);
  await initialiseMember(parts, 'join', request, async (rollback, signal) => {
    const admission = await askForAdmission(parts, decoded, request, signal);
    rollback.add('admission', () => withdraw(parts, admission, request.name));
    await storeCertificates(parts, admission);
    const self = {
      name: request.name,
      address: request.address,
      certificate: identity.server.certificate,
    };
    await trust.replace([
      ...admission.cluster_members.filter((member) => member.name !== self.name),
      self,
    ]);
    daemon.retirePreInitListener();
    await runtime.openListener();
    const addresses = admission.cluster_members.map((member) => member.address);
    await runtime
      .openDatabase({ kind: 'join', addresses }, signal, parts.onRound)
      .catch(failedWith('Failed to join cluster'));
    await schema
      .pass(request.name, signal, (members) => daemon.transition({ type: 'wait', members }))
      .catch(failedWith('Failed to join cluster'));
    await hooks.run('preJoin', { signal }, request.config);
    await announce(peers, self);
    await peers.tell('upgrade-notice', (client) => client.patchDatabase({ notification: true }));
    await peers.tell('new-member-hook', (client, member) =>
      client.runHook(
        'on-new-member',
        { new_member: self },
        { target: member.name, notification: true },
      ),
    );
    await hooks.run('postJoin', { signal }, request.config);
  });
}

/** Asks the token's addresses in turn until one admits us (`spec/core-api.md` 14.2). */
async function askForAdmission(
  { identity, schema, args, logger }: JoinParts,
  token: JoinToken,
  request: InitialisationRequest,
  signal: AbortSignal,
): Promise<TokenResponse> {
  let failures = 0;
  let last: unknown;
  for (const address of token.joinAddresses) {
    let certificate: string;
    try {
      certificate = await fetchPeerCertificate(
        address,
        AbortSignal.any([signal, timeLimit(FETCH_LIMIT)]),
      );
    } catch (error) {
      logger.warn({ event: 'join-address-unreachable', address, error });
      last = error;
      failures += 1;
      continue;
    }
    if (fingerprintOf(certificate) !== token.fingerprint) {
      throw new MicroclusterError('FAILED', {
        reason: `Cluster certificate token does not match that of cluster member. Expected: "${token.fingerprint}", actual: "${fingerprintOf(certificate)}"`,
      });
    }
    const client = new MicroclusterClient({
      address,
      identity: identity.dialling,
      trusted: certificate,
      timeoutMs: args.timeouts.request,
    });
    try {
      return await client.addMember(
        {
          name: request.name,
          address: request.address,
          certificate: identity.server.certificate,
          role: '',
          schema_internal_version: schema.versions.internal,
          schema_external_version: schema.versions.external,
          last_heartbeat: zeroTime(),
          status: '',
          extensions: [...schema.extensions],
          secret: token.secret,
        },
        { signal },
      );
    } catch (error) {
      logger.warn({ event: 'join-refused', address, error });
      last = error;
      failures += 1;
    } finally {
      await client.close();
    }
  }
  const status = isClientError(last) ? { status: last.status, cause: last } : { cause: last };
  throw new MicroclusterError(
    'FAILED',
    {
      reason: `${failures} join attempts were unsuccessful. Last error: ${last instanceof Error ? last.message : 'the token names no address'}`,
    },
    status,
  );
}

async function storeCertificates(
  { state, identity }: JoinParts,
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
    await writeKeyPair(state.certificatesPath, name, {
      certificate: pair.cert,
      privateKey: pair.key,
      ...(pair.ca === '' ? {} : { ca: pair.ca }),
    });
  }
}

/** One member that trusts us is enough: the others learn of us by heartbeat (`spec/core-api.md` 14.4). */
async function announce(
  peers: Peers,
  self: { name: string; address: string; certificate: string },
): Promise<void> {
  const replies = await peers.ask(peers.others(), (client) => client.truststoreAdd(self));
  if (replies.some((reply) => 'answer' in reply)) {
    return;
  }
  const last = replies.at(-1);
  throw new MicroclusterError('FAILED', {
    reason: `Failed to confirm new member "${self.name}" on any existing system (${replies.length}): ${
      last !== undefined && 'error' in last && last.error instanceof Error ? last.error.message : ''
    }`,
  });
}

/** Tells the member that admitted us that we are not coming (`spec/core-api.md` 14.6). */
async function withdraw(
  { identity, args }: JoinParts,
  admission: TokenResponse,
  name: string,
): Promise<void> {
  const client = new MicroclusterClient({
    address: admission.trusted_member.address,
    identity: identity.dialling,
    trusted: admission.cluster_cert,
    timeoutMs: args.timeouts.request,
  });
  try {
    await client.removeMember(name, { force: true });
  } finally {
    await client.close();
  }
}
