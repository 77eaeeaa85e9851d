/** Watches, while this member looks for its cluster, whether the others refuse it because they removed it. */
import { setTimeout as pause } from 'node:timers/promises';
import { isWithinValidity } from '../../certificates/index.js';
import { isClientError, type MicroclusterClient } from '../../client/index.js';
import type { MemberIdentity } from '../../lifecycle/member-identity.js';
import type { TrustedMember } from '../../trust/index.js';
import { canonicalAddress } from '../../types/index.js';
import type { Peers } from '../peers.js';
import { isRemovedBy, type PeerVerdict } from './decide-absence.js';

/** So many looks in a row must agree, with this pause between them in milliseconds: trust may just be changing. */
const LOOKS = 3;
const PAUSE = 2_000;

export interface RefusalWatchParts {
  readonly identity: Pick<MemberIdentity, 'server'>;
  readonly peers: Pick<Peers, 'others' | 'ask'>;
  /** Limit of each question, milliseconds. */
  readonly probeMs: number;
}

/** Resolves once the others have removed this member beyond doubt; rejects when `signal` aborts. */
export async function untilRefused(parts: RefusalWatchParts, signal: AbortSignal): Promise<void> {
  for (let agreed = 0; agreed < LOOKS;) {
    await pause(PAUSE, undefined, { signal });
    agreed = (await isRefused(parts, signal)) ? agreed + 1 : 0;
  }
}

/** Asks every member that we know once. An expired certificate of our own is refused by everybody, and says nothing. */
export async function isRefused(
  { identity, peers, probeMs }: RefusalWatchParts,
  signal: AbortSignal,
): Promise<boolean> {
  if (!isWithinValidity(identity.server.certificate, new Date())) return false;
  const replies = await peers.ask(peers.others(), (client, member) =>
    verdictOf(client, member, { signal, timeoutMs: probeMs }),
  );
  return isRemovedBy(replies.map((reply) => ('answer' in reply ? reply.answer : 'unclear')));
}

/** Whether any member that we know accepts us at this moment. */
export async function isAccepted(
  { peers, probeMs }: Pick<RefusalWatchParts, 'peers' | 'probeMs'>,
  signal: AbortSignal,
): Promise<boolean> {
  const replies = await peers.ask(peers.others(), (client, member) =>
    verdictOf(client, member, { signal, timeoutMs: probeMs }),
  );
  return replies.some((reply) => 'answer' in reply && reply.answer === 'accepts');
}

async function verdictOf(
  client: MicroclusterClient,
  member: TrustedMember,
  options: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<PeerVerdict> {
  try {
    await client.ready(options);
    return 'accepts';
  } catch (error) {
    if (!isClientError(error, 'REPLIED') || error.status !== 403) return 'unclear';
  }
  // A member that moved to another address refuses everybody who calls it by the old one.
  const info = await client.serverInfo(options);
  const isKnown =
    info.name === member.name &&
    canonicalAddress(info.address) === canonicalAddress(member.address);
  return isKnown ? 'refuses' : 'unclear';
}
