/** What can happen to processes: death, a polite end, a freeze, a busy event loop. */
import type { Member } from '../../cluster/member.js';
import {
  always,
  nothingToHeal,
  take,
  takeFollower,
  takeLeader,
  type Fault,
  type Heal,
  type Scene,
} from '../fault.js';

/** Longer than the dead man's switch waits (10 s), so that it has to act. */
const STALL_MS = 12_000;

function onMember(
  name: string,
  choose: (scene: Scene) => Member | Promise<Member>,
  strike: (member: Member) => Promise<Heal>,
): Fault {
  return {
    name,
    concerns: 'members',
    isPossible: always,
    begin: async (scene) => strike(await choose(scene)),
  };
}

/** Daemon and database at once, as when the power fails. */
const crashed = async (member: Member): Promise<Heal> => {
  member.signalAll('SIGKILL');
  await member.daemon.kill();
  return () => member.daemon.start();
};

/** The daemon alone: its database has to notice, and to follow. */
const killed = async ({ daemon }: Member): Promise<Heal> => {
  await daemon.kill();
  return () => daemon.start();
};

const terminated = async ({ daemon }: Member): Promise<Heal> => {
  await daemon.stop();
  return () => daemon.start();
};

/** As a machine that stands still: the sockets stay open. */
const frozen = async (member: Member): Promise<Heal> => {
  member.signalAll('SIGSTOP');
  return async () => member.signalAll('SIGCONT');
};

/** The application alone: its database goes on, until the dead man's switch makes it give up leading. */
const applicationFrozen = async ({ daemon }: Member): Promise<Heal> => {
  daemon.signal('SIGSTOP');
  return async () => daemon.signal('SIGCONT');
};

/** The event loop is blocked by its own handler, whose answer nobody waits for. */
const stalled = async (member: Member): Promise<Heal> => {
  const stall = member
    .ask('POST', '/1.0/workload/stall', { milliseconds: STALL_MS })
    .catch(() => undefined);
  return async () => {
    await stall;
  };
};

const databaseKilled = async (member: Member): Promise<Heal> => {
  member.killDatabase();
  return nothingToHeal; // the daemon starts it again
};

const anyone = (scene: Scene): Member => take(scene);

export const PROCESS_FAULTS: readonly Fault[] = [
  onMember('kill', anyone, killed),
  onMember('kill-leader', takeLeader, killed),
  onMember('crash', anyone, crashed),
  onMember('crash-leader', takeLeader, crashed),
  onMember('terminate', anyone, terminated),
  onMember('terminate-leader', takeLeader, terminated),
  onMember('freeze', anyone, frozen),
  onMember('freeze-leader', takeLeader, frozen),
  onMember('freeze-application', anyone, applicationFrozen),
  onMember('stall-leader', takeLeader, stalled),
  onMember('stall-follower', takeFollower, stalled),
  onMember('kill-database', anyone, databaseKilled),
];
