/** Something that can be done to a cluster, and undone. */
import type { FaultCluster } from '../cluster/fault-cluster.js';
import type { Member } from '../cluster/member.js';
import type { MembershipLog } from '../membership-log.js';
import type { Random } from '../random.js';

/** What a fault works on. */
export interface Scene {
  readonly cluster: FaultCluster;
  readonly random: Random;
  readonly membership: MembershipLog;
  /** Members that another fault of the same moment has in hand. */
  readonly taken: Set<Member>;
}

/** Ends the fault; resolves when the member runs again or the network is whole. Called once. */
export type Heal = () => Promise<void>;

export interface Fault {
  readonly name: string;
  /** Faults of the network end first: a member that has to come back may need it. */
  readonly concerns: 'network' | 'members';
  /** Whether this machine and this cluster allow it. */
  isPossible(cluster: FaultCluster): boolean;
  /** Resolves when the fault is in effect. @throws Error when nothing could be done; nothing is to be healed then */
  begin(scene: Scene): Promise<Heal>;
}

export const always = (): boolean => true;
export const nothingToHeal: Heal = async () => {};

/** A running member that no other fault has in hand, taken until the moment is over. */
export function take(scene: Scene, candidates: readonly Member[] = scene.cluster.members): Member {
  const free = candidates.filter((member) => !scene.taken.has(member));
  if (free.length === 0) throw new Error('every member is in the hands of another fault');
  const victim = scene.random.pick(free);
  scene.taken.add(victim);
  return victim;
}

/** Time to find out who leads before a fault does without it, milliseconds. */
const LEADER_LIMIT_MS = 15_000;

export async function takeLeader(scene: Scene): Promise<Member> {
  return take(scene, [await scene.cluster.leader(LEADER_LIMIT_MS)]);
}

export async function takeFollower(scene: Scene): Promise<Member> {
  const leader = await scene.cluster.leader(LEADER_LIMIT_MS);
  return take(
    scene,
    scene.cluster.members.filter((member) => member !== leader),
  );
}
