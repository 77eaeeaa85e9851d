/** The replication of a simulated cluster: it obeys the real role decisions, and checks that a majority remains. */
import assert from 'node:assert/strict';
import {
  decideAdjust,
  decideAssume,
  decideRemoval,
  decideTransfer,
  type MemberState,
  type NodeRole,
} from '@microcluster/dqlite';

const WANTED = { voters: 3, standBys: 2 };

export class SimulatedReplication {
  private nodes: readonly MemberState[] = [];
  private leading: bigint | undefined;
  private nextId = 1n;

  /** @param isUp whether the engine of the member at an address runs */
  constructor(private readonly isUp: (address: string) => boolean) {}

  /** The nodes as they are now. @throws Error without a majority */
  members(): readonly MemberState[] {
    this.requireLeader();
    return this.states();
  }

  /** All nodes, whether there is a majority or not. */
  get configuration(): readonly MemberState[] {
    return this.states();
  }

  /** Address of the leader. */
  leader(): string | undefined {
    const voters = this.states().filter(({ role }) => role === 'voter');
    const online = voters.filter((voter) => voter.online);
    if (online.length * 2 <= voters.length) this.leading = undefined;
    else if (!online.some(({ id }) => id === this.leading)) this.leading = online[0]?.id;
    return this.nodes.find(({ id }) => id === this.leading)?.address;
  }

  /** Another voter leads from now on, if it can. */
  elect(address: string): void {
    const node = this.states().find((candidate) => candidate.address === address);
    if (this.leader() !== undefined && node?.role === 'voter' && node.online)
      this.leading = node.id;
  }

  transfer(): void {
    const from = this.requireLeader();
    const self = this.states().find(({ address }) => address === from);
    const others = this.states().filter(({ address }) => address !== from);
    const [first] = others;
    if (!others.some(({ role }) => role === 'voter') && first?.online === true)
      this.assign(first.id, 'voter');
    const [heir] = decideTransfer(this.states(), self?.id ?? 0n);
    if (heir === undefined) throw new Error('Found no voters to transfer leadership to');
    this.leading = heir.id;
  }

  /** Adds a node, as a joiner does; again with the same address, it is there already. */
  join(address: string): void {
    const isFirst = this.nodes.length === 0;
    if (!isFirst) this.requireLeader();
    if (this.nodes.some((node) => node.address === address)) return;
    const id = this.nextId++;
    const role = isFirst ? 'voter' : 'spare';
    this.nodes = [
      ...this.nodes,
      { id, address, role, online: true, failureDomain: 0n, weight: 0n },
    ];
    for (const step of decideAssume(this.states(), id, WANTED)) {
      const [candidate] = step.candidates;
      if (candidate !== undefined) this.assign(candidate.id, step.role);
    }
  }

  remove(id: bigint): void {
    for (;;) {
      const leader = this.nodes.find(({ address }) => address === this.requireLeader());
      const step = decideRemoval(this.states(), id, leader?.id ?? 0n);
      switch (step.kind) {
        case 'done':
          return;
        case 'refuse':
          throw new Error(step.reason);
        case 'promote':
          this.assign(step.candidates[0]?.id ?? 0n, 'voter');
          break;
        case 'demote':
          this.assign(step.member.id, 'spare');
          break;
        case 'transfer':
          this.leading = step.candidates[0]?.id;
          break;
        case 'remove':
          this.nodes = this.nodes.filter((node) => node.id !== step.member.id);
          this.checkMajority();
      }
    }
  }

  /** What the leader's loop does about roles. */
  adjust(): void {
    for (let changes = 0; changes < 4 * this.nodes.length; changes += 1) {
      const leader = this.nodes.find(({ address }) => address === this.leader());
      const step = leader && decideAdjust(this.states(), leader.id, WANTED);
      const [candidate] = step?.candidates ?? [];
      if (step === undefined || candidate === undefined) return;
      this.assign(candidate.id, step.role);
    }
    assert.fail('adjusting roles never ends');
  }

  private states(): MemberState[] {
    return this.nodes.map((node) => ({ ...node, online: this.isUp(node.address) }));
  }

  private assign(id: bigint, role: NodeRole): void {
    this.nodes = this.nodes.map((node) => (node.id === id ? { ...node, role } : node));
    this.checkMajority();
  }

  private requireLeader(): string {
    const leader = this.leader();
    if (leader === undefined) throw new Error('there is no leader');
    return leader;
  }

  /** No change of ours may cost the cluster its majority. */
  private checkMajority(): void {
    const voters = this.states().filter(({ role }) => role === 'voter');
    const online = voters.filter((voter) => voter.online);
    assert.ok(online.length * 2 > voters.length, 'a change of membership has cost the majority');
  }
}
