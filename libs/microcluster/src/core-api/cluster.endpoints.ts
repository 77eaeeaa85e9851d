/** The members of the cluster: the list for clients, and the door for joiners (`spec/core-api.md` 9.4, 14.3). */
import { timeLimit } from '@microcluster/dqlite/time-limit';
import { Inject, Injectable } from '@nestjs/common';
import { ENVELOPE_CONTENT_TYPE, errorEnvelope, successEnvelope } from '../envelope/index.js';
import { MicroclusterError, isMicroclusterError } from '../errors/index.js';
import { Daemon } from '../lifecycle/daemon.js';
import { CoreRoute, RawReply, type CoreRequest } from '../listeners/index.js';
import { MemberList } from '../membership/member-list.js';
import { Membership } from '../membership/membership.js';
import { MemberReset } from '../membership/removal/member-reset.js';
import { Removal } from '../membership/removal/removal.js';
import { DAEMON_ARGS, type ParsedDaemonArgs } from '../options/index.js';
import {
  Address,
  clusterMemberSchema,
  clusterMembersSchema,
  encodeValue,
  parseValue,
  removalReplySchema,
  tokenResponseSchema,
} from '../types/index.js';

/** How long a removal may take, hooks and changes of roles included, milliseconds. */
const REMOVAL_LIMIT = 5 * 60_000;
/** When a joiner that found the queue full should ask again, seconds. */
const RETRY_AFTER = 5;
/** Strangers may send it, and all of it is parsed: a joiner's certificate and extensions have a few kilobytes. */
const MAX_JOIN_BYTES = 256 * 1024;

@Injectable()
export class ClusterEndpoints {
  constructor(
    @Inject(DAEMON_ARGS) private readonly args: ParsedDaemonArgs,
    private readonly daemon: Daemon,
    private readonly list: MemberList,
    private readonly membership: Membership,
    private readonly removal: Removal,
    private readonly reset: MemberReset,
  ) {}

  @CoreRoute('GET', '/core/1.0/cluster', {
    allowedBeforeInit: true,
    doc: { summary: 'List the members of the cluster', reply: clusterMembersSchema },
  })
  async members(): Promise<unknown> {
    const { members, ageMs } = await this.list.read();
    const metadata = encodeValue(clusterMembersSchema, members);
    return ageMs === undefined ? metadata : agedReply(metadata, ageMs);
  }

  @CoreRoute('POST', '/core/internal/cluster', {
    allowedBeforeInit: true,
    allowUntrusted: true,
    maxBodyBytes: MAX_JOIN_BYTES,
    doc: {
      summary: 'Admit a joiner that shows a join token',
      body: clusterMemberSchema,
      reply: tokenResponseSchema,
    },
  })
  async join({ body }: CoreRequest): Promise<unknown> {
    const status = this.daemon.databaseStatus();
    if (!status.open) {
      throw new MicroclusterError('DATABASE_NOT_OPEN', { reason: status.text });
    }
    const joiner = parseValue(clusterMemberSchema, body, 'ClusterMember');
    const signal = AbortSignal.any([this.daemon.signal, timeLimit(this.args.timeouts.request)]);
    try {
      return encodeValue(tokenResponseSchema, await this.membership.admit(joiner, signal));
    } catch (error) {
      if (isMicroclusterError(error, 'BUSY_MEMBERSHIP')) return comeBack(error);
      throw error;
    }
  }

  /** The metadata is empty, or names what was left out, as without the member a forced removal must. */
  @CoreRoute('DELETE', '/core/1.0/cluster/{name}', {
    allowedWhileWaiting: true,
    doc: {
      summary: 'Remove a member from the cluster; says which steps were skipped and why',
      query: {
        force: '`1` removes it although it cannot be reached.',
        address: 'The address that the member must have.',
      },
      reply: removalReplySchema,
    },
  })
  async remove({ params, query, afterReply }: CoreRequest): Promise<unknown> {
    const address = query.get('address') ?? '';
    const skipped = await this.removal.remove({
      name: params['name'] ?? '',
      address: address === '' ? undefined : Address.parse(address).toString(),
      force: query.get('force') === '1',
      signal: AbortSignal.any([this.daemon.signal, timeLimit(REMOVAL_LIMIT)]),
      afterReply,
    });
    if (skipped.length === 0) return undefined;
    return encodeValue(removalReplySchema, { skipped: [...skipped] });
  }

  /** The name in the path is ignored: whoever is asked forgets itself (`spec/core-api.md` 16.5). */
  @CoreRoute('PUT', '/core/internal/cluster/{name}', {
    allowedWhileWaiting: true,
    doc: { summary: 'Reset this member, which has been removed' },
  })
  forget({ afterReply }: CoreRequest): void {
    afterReply(() => this.reset.run());
  }
}

/** Nobody leads the database, so that the answer is what this member knew before; `Age` says since when (RFC 9111 5.1). */
function agedReply(metadata: unknown, ageMs: number): RawReply {
  return new RawReply(200, successEnvelope(metadata), {
    'Content-Type': ENVELOPE_CONTENT_TYPE,
    Age: String(Math.ceil(ageMs / 1_000)),
  });
}

/** The queue of joiners at the leader is full. */
function comeBack({ status, message }: MicroclusterError): RawReply {
  return new RawReply(status, errorEnvelope(status, message), {
    'Content-Type': ENVELOPE_CONTENT_TYPE,
    'Retry-After': String(RETRY_AFTER),
  });
}
