/** Join tokens: issued and listed on the control socket, revoked from any trusted place (`spec/core-api.md` 10). */
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { fingerprintOf } from '../certificates/index.js';
import { MicroclusterError } from '../errors/index.js';
import { MemberIdentity } from '../lifecycle/member-identity.js';
import { MemberRuntime } from '../lifecycle/member-runtime.js';
import { CoreRoute, type CoreRequest } from '../listeners/index.js';
import { ClusterRecords } from '../membership/cluster-records.js';
import { ConsistencyCheck } from '../membership/consistency/consistency-check.js';
import { encodeJoinToken, generateTokenSecret } from '../tokens/index.js';
import { TrustStore } from '../trust/index.js';
import {
  encodeValue,
  millisecondsOf,
  parseTokenName,
  parseValue,
  tokenRecordsSchema,
  tokenRequestSchema,
  zeroTime,
} from '../types/index.js';

@Injectable()
export class TokensEndpoints {
  constructor(
    private readonly records: ClusterRecords,
    private readonly identity: MemberIdentity,
    private readonly trust: TrustStore,
    private readonly runtime: MemberRuntime,
    private readonly consistency: ConsistencyCheck,
  ) {}

  @CoreRoute('POST', '/core/control/tokens', {
    doc: { summary: 'Issue a join token', body: tokenRequestSchema, reply: z.string() },
  })
  async issue({ body, signal }: CoreRequest): Promise<string> {
    const request = parseValue(tokenRequestSchema, body, 'TokenRequest');
    const name = parseTokenName(request.name);
    if (this.runtime.opened.name !== 'dqlite') {
      throw new MicroclusterError('ENGINE_HAS_NO_PEERS', {});
    }
    await this.consistency.require(signal);
    const now = new Date();
    const secret = generateTokenSecret();
    await this.records.write(({ tokens }) =>
      tokens.issue(
        {
          name,
          secret,
          expiresAt: expiry(now, request.expire_after),
          anyName: request.any_name === true,
        },
        now,
      ),
    );
    return this.tokenFor(secret);
  }

  @CoreRoute('GET', '/core/control/tokens', {
    doc: { summary: 'List the join tokens', reply: tokenRecordsSchema },
  })
  async list(): Promise<unknown> {
    const stored = await this.records.read(({ tokens }) => tokens.list(new Date()));
    return encodeValue(
      tokenRecordsSchema,
      stored.map(({ name, secret, expiresAt, anyName }) => ({
        name,
        token: this.tokenFor(secret),
        expires_at: expiresAt ?? zeroTime(),
        ...(anyName === true && { any_name: true }),
      })),
    );
  }

  @CoreRoute('DELETE', '/core/1.0/tokens/{name}', { doc: { summary: 'Revoke a join token' } })
  async revoke({ params }: CoreRequest): Promise<void> {
    await this.records.write(({ tokens }) => tokens.revoke(params['name'] ?? ''));
  }

  /** A token is made from its secret each time, so that it names today's certificate and members. */
  private tokenFor(secret: string): string {
    const addresses = this.trust.list().map((member) => member.address);
    return encodeJoinToken({
      secret,
      fingerprint: fingerprintOf(this.identity.cluster.certificate),
      joinAddresses: addresses.length === 0 ? [this.identity.address] : addresses,
    });
  }
}

/** `after` is in nanoseconds; 0 never expires, a negative one has expired already. */
function expiry(now: Date, after: bigint): Date | undefined {
  return after === 0n ? undefined : new Date(now.getTime() + millisecondsOf(after));
}
