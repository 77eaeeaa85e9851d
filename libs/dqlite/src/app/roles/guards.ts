/** The demotions that would endanger the cluster, refused whatever rule asks for them. */
import { holders, quorumOf, type MemberState } from './cluster-state.js';

/**
 * Whether the cluster goes on working when `member` stops voting: another voter remains, and a
 * majority of the remaining ones is online.
 *
 * libdqlite itself accepts even the demotion of the last voter, after which no leader is ever elected
 * again (`spec/dqlite.md` A.9).
 */
export function mayStopVoting(members: readonly MemberState[], member: MemberState): boolean {
  const voters = holders(members, 'voter');
  if (!voters.some(({ id }) => id === member.id)) return true;
  const remaining = voters.filter(({ id }) => id !== member.id);
  const online = remaining.filter((voter) => voter.online).length;
  return remaining.length > 0 && online >= quorumOf(remaining.length);
}

/**
 * Whether demoting `member` is safe *and* keeps what reserve there is: while some other voter is
 * offline, the online ones that remain must also be a majority of today's voters. For demotions that
 * nobody asked for.
 */
export function canSpareVote(members: readonly MemberState[], member: MemberState): boolean {
  if (!mayStopVoting(members, member)) return false;
  const voters = holders(members, 'voter');
  const remaining = voters.filter(({ id }) => id !== member.id);
  const online = remaining.filter((voter) => voter.online).length;
  return !member.online || online === remaining.length || online >= quorumOf(voters.length);
}
