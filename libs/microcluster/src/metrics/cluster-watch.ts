/** Remembers what the rounds of the replication say: who leads, how often that changed, and everybody's role. */
import type { EngineRound } from '../replication/index.js';

export class ClusterWatch {
  private lastLeader = '';
  private changes = 0;
  private roles: ReadonlyMap<string, string> = new Map();

  /** Changes of the leader that were noticed; the first leader is none. */
  get leaderChanges(): number {
    return this.changes;
  }

  /** Roles by address, as of the last round. */
  get members(): ReadonlyMap<string, string> {
    return this.roles;
  }

  /** Notes a round. */
  see(round: EngineRound): void {
    this.roles = new Map(round.members.map(({ address, role }) => [address, role]));
    this.seeLeader(round.leader);
  }

  /** Notes who leads now; without a leader nothing has changed yet. */
  seeLeader(address: string): void {
    if (address === '' || address === this.lastLeader) return;
    if (this.lastLeader !== '') this.changes += 1;
    this.lastLeader = address;
  }
}
