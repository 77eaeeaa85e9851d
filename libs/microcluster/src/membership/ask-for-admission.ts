/** Asks the members that a join token names to be admitted (`spec/core-api.md` 14.2). */
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { timeLimit } from '@microcluster/dqlite/time-limit';
import type { LoggerService } from '@nestjs/common';
import { fingerprintOf } from '../certificates/index.js';
import { fetchPeerCertificate, isClientError, MicroclusterClient } from '../client/index.js';
import { MicroclusterError } from '../errors/index.js';
import type { MemberIdentity } from '../lifecycle/member-identity.js';
import type { SchemaGate } from '../lifecycle/schema-gate.js';
import { routeTo, type ParsedDaemonArgs } from '../options/index.js';
import type { JoinToken } from '../tokens/index.js';
import { zeroTime, type TokenResponse } from '../types/index.js';

/** How long reading the certificate of a token's address may take, milliseconds. */
const FETCH_LIMIT = 5_000;
/** Pause before asking again where the cluster was busy or had no leader, milliseconds. */
const RETRY_PAUSE = 1_000;

export interface AdmissionParts {
  readonly identity: Pick<MemberIdentity, 'dialling' | 'server'>;
  readonly schema: Pick<SchemaGate, 'versions' | 'extensions'>;
  readonly args: Pick<ParsedDaemonArgs, 'timeouts' | 'routes'>;
  readonly logger: LoggerService;
}

/** Who keeps in mind that the cluster may know us. */
export interface AdmissionWatch {
  /** Before the first member of the cluster is asked. @param certificate PEM that its members show */
  asking(certificate: string): Promise<void>;
  /** The answer of an address was lost, so that we may be a member without knowing it. */
  maybeAdmitted(address: string, certificate: string): void;
}

/** What came of one address. */
type Outcome =
  | { readonly kind: 'admitted'; readonly response: TokenResponse }
  /** The cluster is there but cannot decide now: no leader, a full queue, a leader that just died. */
  | { readonly kind: 'busy'; readonly error: Error }
  /** Nobody is there, or the answer is no. */
  | { readonly kind: 'failed'; readonly error: Error };

/**
 * Asks the token's addresses in turn until one admits us. While the cluster changes its leader or is busy
 * with other joins, asks again; one that refuses, or nobody at all, ends it after one round.
 *
 * @param watch is told when the cluster may begin to know us
 * @throws MicroclusterError with the status and text of the last failure
 */
export async function askForAdmission(
  parts: AdmissionParts,
  token: JoinToken,
  request: { readonly name: string; readonly address: string },
  signal: AbortSignal,
  watch: AdmissionWatch,
): Promise<TokenResponse> {
  const deadline = performance.now() + parts.args.timeouts.ready;
  for (let failures = 0; ;) {
    let last: Error | undefined;
    let isBusy = false;
    for (const address of token.joinAddresses) {
      const outcome = await askAt(parts, token, request, address, signal, watch);
      if (outcome.kind === 'admitted') return outcome.response;
      failures += 1;
      isBusy ||= outcome.kind === 'busy';
      last = outcome.error;
    }
    if (!isBusy || performance.now() > deadline) throw unsuccessful(failures, last);
    await pause(RETRY_PAUSE, undefined, { signal });
  }
}

async function askAt(
  parts: AdmissionParts,
  token: JoinToken,
  request: { readonly name: string; readonly address: string },
  address: string,
  signal: AbortSignal,
  watch: AdmissionWatch,
): Promise<Outcome> {
  const { identity, schema, args, logger } = parts;
  let certificate: string;
  try {
    const limit = AbortSignal.any([signal, timeLimit(FETCH_LIMIT)]);
    certificate = await fetchPeerCertificate(address, limit, routeTo(address, args).via);
  } catch (error) {
    signal.throwIfAborted();
    logger.warn({ event: 'join-address-unreachable', address, error });
    return { kind: 'failed', error: errorOf(error) };
  }
  requireFingerprint(token, certificate);
  await watch.asking(certificate);
  const client = new MicroclusterClient({
    address,
    identity: identity.dialling,
    trusted: certificate,
    timeoutMs: args.timeouts.request,
    ...routeTo(address, args),
  });
  try {
    const response = await client.addMember(
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
    return { kind: 'admitted', response };
  } catch (error) {
    if (mayHaveTakenEffect(error)) watch.maybeAdmitted(address, certificate);
    signal.throwIfAborted();
    logger.warn({ event: 'join-refused', address, error });
    return { kind: isWorthRetrying(error) ? 'busy' : 'failed', error: errorOf(error) };
  } finally {
    await client.close();
  }
}

/** Another certificate means another cluster, or somebody in between: asking on would not help. */
function requireFingerprint(token: JoinToken, certificate: string): void {
  const actual = fingerprintOf(certificate);
  if (actual === token.fingerprint) return;
  throw new MicroclusterError('FAILED', {
    reason: `Cluster certificate token does not match that of cluster member. Expected: "${token.fingerprint}", actual: "${actual}"`,
  });
}

function isWorthRetrying(error: unknown): boolean {
  return isClientError(error) && (error.status === 503 || error.status === 504);
}

/** Also where the member that we asked did not hear the leader's answer. */
function mayHaveTakenEffect(error: unknown): boolean {
  return isClientError(error, 'TIMEOUT', 'DISCONNECTED', 'ABORTED') || isWorthRetrying(error);
}

function unsuccessful(failures: number, last: Error | undefined): MicroclusterError {
  const reason = `${failures} join attempts were unsuccessful. Last error: ${last?.message ?? 'the token names no address'}`;
  const status = isClientError(last, 'REPLIED') ? { status: last.status } : {};
  return new MicroclusterError('FAILED', { reason }, { ...status, cause: last });
}

function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
