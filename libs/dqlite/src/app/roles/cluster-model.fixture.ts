/** A model of a cluster that obeys every role decision at once, for property tests; it checks what must never happen. */
import assert from 'node:assert/strict';
import {
  decideAdjust,
  decideAssume,
  decideRemoval,
  decideSuccession,
  decideTransfer,
  isLeaving,
  LEAVING_WEIGHT,
  mayRetire,
  quorumOf,
  type MemberState,
  type RoleStep,
  type RoleTargets,
} from './index.js';
import { assigned } from './members.fixture.js';

/** Something that happens to a cluster. `pick` chooses a member, modulo their number. */
export type Event =
  | { readonly kind: 'join'; readonly domain: number; readonly weight: number }
  | { readonly kind: 'crash' | 'return' | 'leave' | 'hand-over' | 'remove'; readonly pick: number }
  | { readonly kind: 'tick' };

/** A cluster that obeys: it applies each decision as libdqlite would, and checks what must never happen. */
export class ClusterModel {
  members: MemberState[] = [
    {
      id: 1n,
      address: '10.0.0.1:9000',
      role: 'voter',
      online: true,
      failureDomain: 0n,
      weight: 0n,
    },
  ];
  private leader: bigint | undefined = 1n;
  private nextId = 2n;

  constructor(private readonly wanted: RoleTargets) {}

  apply(action: Event): void {
    switch (action.kind) {
      case 'join':
        return this.join(action.domain, action.weight);
      case 'tick':
        return void this.adjust();
      case 'crash':
        return this.setOnline(action.pick, false);
      case 'return':
        return this.setOnline(action.pick, true);
      case 'leave':
        return this.leave(action.pick);
      case 'hand-over':
        return this.handOver(action.pick);
      case 'remove':
        return this.remove(action.pick);
    }
  }

  /** Runs the leader's adjustment to its end; returns the number of changes. */
  adjust(): number {
    let changes = 0;
    for (;;) {
      const leader = this.elect();
      if (leader === undefined) return changes;
      const step = decideAdjust(this.members, leader, this.wanted);
      if (step === undefined) return changes;
      assert.ok(
        step.role !== 'spare' || step.candidates.every(({ id }) => id !== leader),
        'the leader stays',
      );
      this.take(step);
      changes += 1;
      assert.ok(changes <= 4 * this.members.length, 'adjusting comes to an end');
    }
  }

  everybodyReturns(): void {
    this.members = this.members.map((member) => ({ ...member, ...started(member) }));
  }

  private join(domain: number, weight: number): void {
    if (this.members.length >= 9 || this.elect() === undefined) return;
    const id = this.nextId++;
    this.members.push({
      id,
      address: `10.0.0.${id}:9000`,
      role: 'spare',
      online: true,
      failureDomain: BigInt(domain),
      weight: BigInt(weight),
    });
    this.assume(id);
  }

  private setOnline(pick: number, online: boolean): void {
    const index = pick % this.members.length;
    this.members = this.members.map((member, at) =>
      at === index ? { ...member, ...(online ? started(member) : { online }) } : member,
    );
    const changed = this.members[index];
    if (online && changed !== undefined) this.assume(changed.id);
  }

  /** Says that it is about to stop, and goes on until it crashes, however long that takes. */
  private leave(pick: number): void {
    const index = pick % this.members.length;
    this.members = this.members.map((member, at) =>
      at === index && member.online ? { ...member, weight: LEAVING_WEIGHT } : member,
    );
  }

  private assume(id: bigint): void {
    if (this.elect() === undefined) return;
    for (const step of decideAssume(this.members, id, this.wanted)) this.take(step);
  }

  private handOver(pick: number): void {
    const self = this.members[pick % this.members.length];
    if (self?.online !== true || this.elect() === undefined) return;
    const succession = this.succeed(self.id);
    if (this.leader === self.id)
      this.leader = decideTransfer(this.members, self.id)[0]?.id ?? self.id;
    if (succession !== undefined && mayRetire(this.members, self.id, this.leader ?? self.id)) {
      this.take({ role: 'spare', candidates: [self], reason: 'retires' });
    }
    const hadQuorum = this.elect() !== undefined;
    this.members = this.members.map((member) =>
      member.id === self.id ? { ...member, online: false } : member,
    );
    if (succession !== undefined && hadQuorum) {
      assert.ok(this.hasQuorum(), 'a node that handed over its role is not missed');
    }
  }

  /** Gives the role of `id` to another; returns that promotion. */
  private succeed(id: bigint): RoleStep | undefined {
    for (;;) {
      const step = decideSuccession(this.members, id, this.leader ?? 0n);
      if (step === undefined) return undefined;
      this.take(step);
      if (step.role !== 'spare') return step;
    }
  }

  private remove(pick: number): void {
    const target = this.members[pick % this.members.length];
    if (target === undefined) return;
    for (let steps = 0; ; steps += 1) {
      assert.ok(steps < 20, 'a removal comes to an end');
      const leader = this.elect();
      if (leader === undefined) return;
      const step = decideRemoval(this.members, target.id, leader);
      switch (step.kind) {
        case 'done':
          assert.ok(this.hasQuorum(), 'a removal leaves a cluster that works');
          if (target.role === 'voter') this.checkVoters();
          return;
        case 'refuse':
          return;
        case 'promote':
          this.take({ role: 'voter', candidates: step.candidates, reason: 'removal' });
          break;
        case 'demote':
          this.take({ role: 'spare', candidates: [step.member], reason: 'removal' });
          break;
        case 'transfer':
          assert.notEqual(step.candidates[0]?.id, target.id, 'leadership moves away');
          this.leader = step.candidates[0]?.id;
          break;
        case 'remove':
          assert.notEqual(step.member.role, 'voter', 'no voter is removed');
          this.members = this.members.filter(({ id }) => id !== step.member.id);
          break;
      }
    }
  }

  /** After a voter went, as many vote as there are to do so. */
  private checkVoters(): void {
    const online = this.members.filter((member) => member.online);
    const voters = online.filter(({ role }) => role === 'voter').length;
    const able = online.filter((member) => member.role === 'voter' || !isLeaving(member)).length;
    const wanted = this.members.length < 3 ? 1 : Math.min(3, able);
    assert.ok(voters >= wanted, `${voters} members vote after a removal, instead of ${wanted}`);
  }

  /** The present leader if it can still lead, else any online voter, else nobody. */
  private elect(): bigint | undefined {
    const voters = this.members.filter(({ role, online }) => role === 'voter' && online);
    if (!this.hasQuorum()) this.leader = undefined;
    else if (!voters.some(({ id }) => id === this.leader)) this.leader = voters[0]?.id;
    return this.leader;
  }

  private hasQuorum(): boolean {
    const voters = this.members.filter(({ role }) => role === 'voter');
    return voters.filter(({ online }) => online).length >= quorumOf(voters.length);
  }

  /** Whether the cluster goes on when a voter is added and lost at once; a single voter has no choice. */
  private outlivesNewcomer(): boolean {
    const voters = this.members.filter(({ role }) => role === 'voter');
    if (voters.length === 1) return true;
    return voters.filter(({ online }) => online).length >= quorumOf(voters.length + 1);
  }

  private take(step: RoleStep): void {
    const [first] = step.candidates;
    assert.ok(first !== undefined, 'a step names somebody');
    const before = this.members.find(({ id }) => id === first.id);
    assert.notEqual(before?.role, step.role, 'the role is a new one');
    assert.ok(step.role === 'spare' || before?.online, 'only online nodes are promoted');
    assert.ok(step.role === 'spare' || !isLeaving(first), 'nobody who leaves is promoted');
    assert.ok(
      step.role !== 'voter' || this.outlivesNewcomer(),
      'the voters have a majority without the newcomer',
    );
    this.members = assigned(this.members, first.id, step.role);
    assert.ok(
      this.members.some(({ role }) => role === 'voter'),
      'somebody votes',
    );
    assert.ok(this.hasQuorum(), `quorum is kept (${step.reason})`);
  }
}

/** What a start changes about a member: it is online, and its engine has forgotten that it was to stop. */
function started(member: MemberState): Pick<MemberState, 'online' | 'weight'> {
  return { online: true, weight: isLeaving(member) ? 0n : member.weight };
}
