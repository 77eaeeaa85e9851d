/** Passes requests with `?target=` on to the member they are for (`spec/core-api.md` 7.4). */
import type { IncomingHttpHeaders } from 'node:http';
import { isClientError } from '../../client/index.js';
import { MicroclusterError } from '../../errors/index.js';
import type { MemberIdentity } from '../../lifecycle/member-identity.js';
import type { EndpointMethod } from '../../listeners/index.js';
import type { ClusterRecords } from '../cluster-records.js';
import type { Peers } from '../peers.js';
import { forwardedHeaders } from './forwarded-headers.js';

const METHODS: readonly EndpointMethod[] = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH'];

/** A request as it came in. */
export interface TargetedRequest {
  readonly method: string;
  /** Percent-encoded path, without query. */
  readonly path: string;
  /** The whole query, `target` included, without the `?`. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
}

export interface TargetProxyParts {
  readonly identity: Pick<MemberIdentity, 'name'>;
  readonly records: Pick<ClusterRecords, 'read'>;
  readonly peers: Pick<Peers, 'with'>;
}

/** Sends requests to other members under this member's identity; so only trusted callers may use it. */
export class TargetProxy {
  constructor(private readonly parts: TargetProxyParts) {}

  /**
   * Sends `request` to the member called `target`.
   *
   * @returns the metadata of the answer; `undefined` when the request is for this member
   * @throws MicroclusterError 400 for an unknown name, else with the status and text of the peer's answer
   */
  async forward(
    target: string,
    request: TargetedRequest,
  ): Promise<{ readonly metadata: unknown } | undefined> {
    const { identity, peers } = this.parts;
    if (target === '' || target === identity.name) return undefined;
    const method = METHODS.find((known) => known === request.method);
    if (method === undefined) return undefined;
    const address = await this.addressOf(target);
    try {
      const metadata = await peers.with(address, (client) =>
        client.request(method, `${request.path}?${request.query}`, {
          headers: forwardedHeaders(request.headers),
          signal: request.signal,
          ...(request.body.length === 0 ? {} : { body: request.body }),
        }),
      );
      return { metadata };
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new MicroclusterError(
        'FAILED',
        { reason: `Failed to send request to target "${target}": ${reason}` },
        { cause, status: isClientError(cause, 'REPLIED') ? cause.status : 500 },
      );
    }
  }

  private async addressOf(target: string): Promise<string> {
    const { records } = this.parts;
    const lookup = `Failed to get cluster member for request target name "${target}"`;
    let row;
    try {
      row = await records.read(({ members }) => members.byName(target));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new MicroclusterError('BAD_REQUEST', { reason: `${lookup}: ${reason}` }, { cause });
    }
    if (row === undefined) {
      throw new MicroclusterError('BAD_REQUEST', {
        reason: `${lookup}: CoreClusterMember not found`,
      });
    }
    return row.address;
  }
}
