/** The changes that would endanger the cluster, refused whatever rule asks for them. */
import { holders, onlineHolders, quorumOf, type MemberState } from './cluster-state.js';

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

/**
 * Whether one more member may vote: the present voters that are online must be a majority of the new number by
 * themselves. The newcomer may be lost in that moment, and until it has the change in its log it does not know that it
 * votes, and helps nobody to be elected (`spec/dqlite.md` A.9).
 *
 * A single voter cannot have that; it needs the second one nevertheless.
 */
export function mayAddVoter(members: readonly MemberState[]): boolean {
  const voters = holders(members, 'voter').length;
  return voters < 2 || onlineHolders(members, 'voter').length >= quorumOf(voters + 1);
}
