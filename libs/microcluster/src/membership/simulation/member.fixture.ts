/** One simulated member: what is on its disk, the life of its process, and the real services that run in it. */
import { MemberIdentity } from '../../lifecycle/member-identity.js';
import { HeartbeatService } from '../../heartbeat/index.js';
import { MicroclusterError } from '../../errors/index.js';
import { Failpoints } from '../../failpoints/index.js';
import { UpgradeBell } from '../../lifecycle/upgrade-bell.js';
import type { KeyPair } from '../../certificates/index.js';
import type { ReplicationMembers } from '../../replication/index.js';
import {
  clusterMemberLocalSchema,
  clusterMemberSchema,
  heartbeatInfoSchema,
  parseValue,
  tokenResponseSchema,
  encodeValue,
  type SkippedStep,
} from '../../types/index.js';
import { admit } from '../admission.js';
import type { Tables } from '../cluster-records.js';
import { compareRecords } from '../consistency/compare-records.js';
import { Peers } from '../peers.js';
import { Reaper } from '../reaping/reaper.js';
import { NetworkEffects } from '../removal/removal-effects.js';
import { Removal } from '../removal/removal.js';
import { SelfRemovalLatch } from '../removal/self-removal-latch.js';
import { TrustPropagation } from '../trust-propagation.js';
import { Turnstile } from '../turnstile.js';
import { SimulatedClient, type Caller, type SimulatedRequest } from './network.fixture.js';
import { Life, type Scheduler } from './scheduler.fixture.js';
import { SimulatedTrust } from './trusted.fixture.js';
import type { SimulatedReplication } from './replication.fixture.js';

/** Time between two rounds, milliseconds. */
export const INTERVAL = 1_000;

/** What every simulated member runs. */
export const RELEASE = { versions: { internal: 6, external: 0 }, extensions: [] };
const OPEN = { open: true, transactions: true, text: 'Database is online' };
const TIMEOUTS = {
  request: 30_000,
  statement: 20_000,
  ready: 120_000,
  probe: 2_000,
  handover: 10_000,
};

/** What all members share. */
export interface World {
  readonly scheduler: Scheduler;
  readonly replication: SimulatedReplication;
  /** One transaction on the cluster's database. */
  readonly transaction: <T>(work: (tables: Tables) => Promise<T>) => Promise<T>;
  readonly memberAt: (address: string) => SimulatedMember | undefined;
  readonly now: () => number;
  /** Key pairs are costly to make; each is used once. */
  readonly keyPair: (name: string) => KeyPair;
  readonly cluster: KeyPair;
}

/** What its process is. */
export type MemberPhase = 'none' | 'joining' | 'member';

/** The real services of one process. */
type Services = ReturnType<SimulatedMember['assemble']>;

const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };

export class SimulatedMember {
  readonly trust = new SimulatedTrust();
  identity: MemberIdentity;
  /** On disk: a join has begun. */
  isNoted = false;
  /** On disk, with the note: whom it asked. */
  asked: readonly string[] = [];
  /** On disk: there is a database. */
  hasDatabase = false;
  phase: MemberPhase = 'none';
  life = new Life();
  services: Services;

  constructor(
    readonly name: string,
    readonly address: string,
    private readonly world: World,
  ) {
    this.identity = this.blank();
    this.services = this.assemble();
  }

  get isUp(): boolean {
    return !this.life.isOver;
  }

  /** Whether its engine runs. */
  get isReplicating(): boolean {
    return this.isUp && this.hasDatabase;
  }

  crash(): void {
    this.life.end();
  }

  /** A new process on the same disk. */
  boot(): void {
    this.life = new Life();
    this.services = this.assemble();
    this.phase = 'none';
  }

  /** As `forgetMember`. */
  forget(): Promise<void> {
    return this.world.scheduler.effect(this.life, `${this.name} forgets`, () => {
      this.trust.clear();
      this.hasDatabase = false;
      this.asked = [];
      this.phase = 'none';
      this.identity = this.blank();
      this.services = this.assemble();
    });
  }

  client(address: string): SimulatedClient {
    return new SimulatedClient(this.caller(), address);
  }

  write<T>(work: (tables: Tables) => Promise<T>): Promise<T> {
    const { scheduler, replication, transaction } = this.world;
    return scheduler.effect(this.life, `a transaction of ${this.name}`, () => {
      const isNode = replication.members().some(({ address }) => address === this.address);
      if (!isNode || !this.hasDatabase) throw new Error(`${this.name} has no database`);
      return transaction(work);
    });
  }

  /** Answers a request as the Core API does: trust first. */
  async handle({ call, query, body, isNotification, certificate }: SimulatedRequest) {
    if (call === 'GET /core/1.0') return { ...EMPTY_INFO, name: this.name, address: this.address };
    const signal = new AbortController().signal;
    if (call === 'POST /core/internal/cluster') {
      this.requireOpen();
      const joiner = parseValue(clusterMemberSchema, body, 'ClusterMember');
      return encodeValue(tokenResponseSchema, await this.services.admit(joiner, signal));
    }
    const peer = this.trust.trusts(certificate);
    if (peer === undefined) throw new MicroclusterError('FORBIDDEN', { reason: 'not authorized' });
    const [, method, name = ''] = /^(\w+) .*\/([^/]+)$/.exec(call) ?? [];
    if (call.startsWith('POST /core/internal/hooks/') || call === 'GET /core/1.0/ready') {
      return this.requireOpen();
    }
    if (call === 'POST /core/internal/truststore') {
      const member = parseValue(clusterMemberLocalSchema, body, 'ClusterMemberLocal');
      return this.services.propagation.add(member, { fanOut: !isNotification });
    }
    if (call.startsWith('DELETE /core/internal/truststore/')) {
      return this.services.propagation.remove(name, { fanOut: !isNotification });
    }
    if (call.startsWith('PUT /core/internal/cluster/')) {
      if (this.phase === 'member') void this.forget().catch(() => undefined);
      return undefined;
    }
    this.requireOpen();
    if (call === 'POST /core/internal/heartbeat') {
      const info = parseValue(heartbeatInfoSchema, body, 'HeartbeatInfo');
      return this.services.heartbeats.handle(info, { kind: 'member', name: peer.name }, signal);
    }
    if (method === 'DELETE') return { skipped: await this.remove(name, query['force'] === '1') };
    throw new Error(`There is no ${call}`);
  }

  remove(name: string, force: boolean): Promise<readonly SkippedStep[]> {
    return this.services.removal.remove({
      name,
      address: undefined,
      force,
      signal: new AbortController().signal,
      afterReply: () => undefined,
    });
  }

  /** One look of the background loop. */
  async round(): Promise<void> {
    const { replication } = this.world;
    if (this.phase !== 'member') return;
    if (!replication.configuration.some(({ address }) => address === this.address)) {
      return this.forget();
    }
    if (replication.leader() !== this.address) return;
    replication.adjust();
    const members = replication.configuration;
    const roles = new Map(members.map(({ address, role }) => [address, role]));
    const trigger = { leaderAddress: this.address, roles };
    const signal = new AbortController().signal;
    await this.services.heartbeats.beginRound(trigger, signal).catch(() => undefined);
    void this.services.reaper.look({ isLeader: true, leader: this.address, members }, signal);
  }

  private assemble() {
    const { world, identity, trust, life } = this;
    const args = { timeouts: TIMEOUTS, heartbeatIntervalMs: INTERVAL };
    const peers = new SimulatedPeers(this.caller(), identity, trust);
    const propagation = new TrustPropagation(trust, peers, silent);
    const runtime = { opened: this.engine(life) };
    const turnstile = new Turnstile(64);
    const failpoints = new Failpoints();
    const hooks = { run: () => Promise.resolve() };
    const records = {
      read: <T>(work: (tables: Tables) => Promise<T>) => this.write(work),
      write: <T>(work: (tables: Tables) => Promise<T>) => this.write(work),
    };
    const consistency = { require: () => this.requireConsistency() };
    const common = {
      args,
      identity,
      runtime,
      peers,
      propagation,
      hooks,
      isOpen: () => true,
    };
    const effects = new NetworkEffects(common);
    const shared = { ...common, effects, records, turnstile, failpoints, logger: silent };
    const schema = RELEASE;
    const admission = {
      ...shared,
      trust,
      schema,
      consistency,
      additionalKeyPairs: async () => new Map(),
    };
    return {
      peers,
      propagation,
      admit: (...request: Tail<Parameters<typeof admit>>) => admit(admission, ...request),
      removal: new Removal({
        ...shared,
        trust,
        consistency,
        latch: new SelfRemovalLatch(),
        schema: { blockers: () => [] },
        bell: new UpgradeBell(),
        daemon: { signal: new AbortController().signal, databaseStatus: () => OPEN },
      }),
      reaper: new Reaper({ ...shared, now: world.now }),
      heartbeats: new HeartbeatService({
        intervalMs: INTERVAL,
        self: () => ({ name: this.name, address: this.address }),
        records,
        trust,
        leader: async () => world.replication.leader(),
        send: (address, info, signal) =>
          peers.with(address, (client) => client.heartbeat(info, { signal })),
        now: () => new Date(world.now()),
        logger: silent,
      }),
    };
  }

  private engine(life: Life): ReplicationMembers {
    const { scheduler, replication } = this.world;
    return {
      leader: async () => replication.leader(),
      members: async () => replication.members(),
      removeMember: (id) =>
        scheduler.effect(life, `node ${id} goes`, () => {
          replication.remove(id);
        }),
      transferLeadership: () =>
        scheduler.effect(life, 'leadership is transferred', () => {
          replication.transfer();
        }),
    };
  }

  /** As `ConsistencyCheck`, but looking once. */
  private async requireConsistency(): Promise<void> {
    const nodes = this.world.replication.members();
    const rows = await this.write(({ members }) => members.list());
    const comparison = compareRecords({ rows, trusted: this.trust.list(), nodes });
    if (comparison.kind === 'inconsistent') {
      throw new MicroclusterError('FAILED', { reason: comparison.text });
    }
    if (comparison.kind === 'trust-lags') await this.trust.replace(rows);
  }

  private requireOpen(): void {
    if (this.phase !== 'member') {
      throw new MicroclusterError('UNAVAILABLE', { reason: 'Database is still starting' });
    }
  }

  private caller(): Caller {
    const { scheduler, memberAt } = this.world;
    return {
      scheduler,
      life: this.life,
      identity: this.identity.dialling,
      listenerAt: (address) => {
        const member = memberAt(address);
        return member?.isUp === true && member.identity.hasCluster ? member : undefined;
      },
    };
  }

  private blank(): MemberIdentity {
    const { name, address } = this;
    return new MemberIdentity({ name, address, server: this.world.keyPair(name) });
  }
}

type Tail<List extends readonly unknown[]> = List extends readonly [unknown, ...infer Rest]
  ? Rest
  : never;

const EMPTY_INFO = { name: '', address: '', version: '', ready: true, extensions: [] };

class SimulatedPeers extends Peers {
  constructor(
    private readonly caller: Caller,
    identity: MemberIdentity,
    trust: SimulatedTrust,
  ) {
    super(identity, trust, { timeouts: TIMEOUTS }, silent);
  }

  override client(address: string): SimulatedClient {
    return new SimulatedClient(this.caller, address);
  }
}
