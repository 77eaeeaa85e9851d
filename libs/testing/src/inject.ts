/** Exercises a route as a certain listener and caller would, without a socket. */
import { X509Certificate } from 'node:crypto';
import type { INestApplication } from '@nestjs/common';
import {
  ClusterState,
  MicroclusterAdapter,
  UNIX_LISTENER,
  type RequestPeer,
} from '@microcluster/nest';
import { injectAs, listenerNames, type AssumedOrigin } from '@microcluster/nest/testing-seam';
import type { InjectOptions, LightMyRequestResponse } from 'fastify';

/**
 * Who calls on a network listener: a member, a caller without a certificate, or the member of that name.
 * A name that no trusted member has is a member of this one request.
 */
export type AssumedPeer = 'trusted' | 'stranger' | { readonly name: string };

/** A request as Fastify's `inject` takes it, and where it comes from. */
export interface InjectRequest extends InjectOptions {
  /** `unix` (default), `core`, `pre-init`, or the name of an additional server. */
  readonly listener?: string;
  /**
   * The caller. Default on network listeners: what the listener makes of a caller without a certificate,
   * a stranger but for `pre-init`. On the control socket every caller is trusted and none may be named.
   */
  readonly peer?: AssumedPeer;
}

/** A member that exists in one request only; the address is one of those that are kept for documentation. */
const PASSING_MEMBER = { address: '192.0.2.1:8443', fingerprint: '0'.repeat(64) };

/**
 * Answers a request as the application would on that listener, to that caller: the same routes exist, the
 * same checks decide, and guards and decorators see the same context.
 *
 * @example
 * const answer = await inject(app, { listener: 'core', peer: 'stranger', url: '/1.0/items' });
 * expect(answer.statusCode).toBe(403);
 * @throws TypeError for a listener that the application cannot have, and for a peer on the control socket
 */
export async function inject(
  app: INestApplication,
  request: InjectRequest,
): Promise<LightMyRequestResponse> {
  const { listener = UNIX_LISTENER, peer, ...rest } = request;
  const adapter: unknown = app.getHttpAdapter();
  if (!(adapter instanceof MicroclusterAdapter)) {
    throw new TypeError(
      'inject() needs an application with a MicroclusterAdapter; make it with Test.createTestingModule of @microcluster/testing',
    );
  }
  const known = listenerNames(app);
  if (!known.includes(listener)) {
    throw new TypeError(
      `The application has no listener "${listener}"; it has ${known.join(', ')}. Servers with coreApi are on "core"`,
    );
  }
  if (peer !== undefined && listener === UNIX_LISTENER) {
    throw new TypeError(
      'On the control socket nobody shows who he is; name a listener with the peer',
    );
  }
  return injectAs(adapter, originOf(app, listener, peer), rest);
}

function originOf(
  app: INestApplication,
  listener: string,
  peer: AssumedPeer | undefined,
): AssumedOrigin {
  if (peer === undefined) return { listener };
  if (peer === 'stranger') return { listener, caller: { trusted: false } };
  const { trustedMembers } = app.get(ClusterState, { strict: false });
  const member =
    peer === 'trusted'
      ? trustedMembers[0]
      : trustedMembers.find((trusted) => trusted.name === peer.name);
  const caller: RequestPeer =
    member === undefined
      ? { ...PASSING_MEMBER, name: peer === 'trusted' ? 'trusted' : peer.name }
      : {
          name: member.name,
          address: member.address,
          fingerprint: fingerprintOf(member.certificate),
        };
  return { listener, caller: { trusted: true, peer: caller } };
}

/** Lower-case hex SHA-256 of the DER. */
function fingerprintOf(certificate: string): string {
  return new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase();
}
