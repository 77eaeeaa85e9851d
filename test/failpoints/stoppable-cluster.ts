/** A cluster of members in this process, each of which can be stopped at any of its failpoints. */
import { setTimeout as pause } from 'node:timers/promises';
import { Controller, Get, Module, type DynamicModule } from '@nestjs/common';
import { MicroclusterClient } from '@microcluster/nest/client';
import { AllowUntrusted, MicroclusterModule, Server } from '@microcluster/nest';
import { TestCluster, type TestMember } from '@microcluster/testing';
import type { Failpoint } from '@microcluster/nest/testing-seam';
import { expectRecords } from '../membership/records.js';
import { eventually } from '../support/eventually.js';
import { overSocket } from '../support/requests.js';
import { Stops } from './stops.js';

/** An operation that stands still for ever is never answered. */
const CALL_LIMIT_MS = 120_000;
const LIMIT_MS = 120_000;

@Server('additional-api')
@Controller('reports')
class ReportsController {
  @Get() @AllowUntrusted() list(): string[] {
    return [];
  }
}

@Module({
  imports: [
    MicroclusterModule.forRoot({
      stateDir: '/nonexistent',
      version: '1.0.0',
      servers: { 'additional-api': {} },
    }),
  ],
  controllers: [ReportsController],
})
class ApplicationModule {}

@Module({})
class StoppableModule {}

/** Members `n1`, `n2`, ... of one test. */
export class StoppableCluster implements AsyncDisposable {
  private constructor(
    readonly cluster: TestCluster,
    private readonly stopsOf: ReadonlyMap<number, Stops>,
  ) {}

  /** Started members, of which the first `formed` are a cluster. */
  static async prepare(count: number, formed: number): Promise<StoppableCluster> {
    const stopsOf = new Map<number, Stops>();
    const moduleFor = ({ number }: { readonly number: number }): DynamicModule => {
      const stops = stopsOf.get(number) ?? new Stops();
      stopsOf.set(number, stops);
      return { module: StoppableModule, imports: [stops.module, ApplicationModule] };
    };
    const cluster = await TestCluster.create(moduleFor, { members: count, form: false });
    const prepared = new StoppableCluster(cluster, stopsOf);
    for (let number = 1; number <= formed; number += 1) {
      if (number === 1) await cluster.bootstrap(1);
      else await cluster.join(number);
    }
    return prepared;
  }

  stops(number: number): Stops {
    const stops = this.stopsOf.get(number);
    if (stops === undefined) throw new Error(`There is no member ${number}`);
    return stops;
  }

  /** A client of the member's control socket that ends with its use. */
  async call<T>(
    { stateDir }: TestMember,
    work: (client: MicroclusterClient) => Promise<T>,
  ): Promise<T> {
    const client = new MicroclusterClient({
      socketPath: `${stateDir}/control.socket`,
      timeoutMs: CALL_LIMIT_MS,
    });
    try {
      return await work(client);
    } finally {
      await client.close();
    }
  }

  /** A new token, in place of one that an earlier test has left. */
  token(through: number, name: string): Promise<string> {
    return this.call(this.cluster.member(through), async (client) => {
      await client.revokeToken(name).catch(() => undefined);
      return client.issueToken({ name, expire_after: 0n });
    });
  }

  /** Bootstraps or, with a token, joins. */
  initialise(number: number, token = ''): Promise<void> {
    const member = this.cluster.member(number);
    const { name, address } = member;
    const control = { bootstrap: token === '', join_token: token, name, address, config: {} };
    return this.call(member, (client) => client.control(control));
  }

  /** Waits until the member is one, or none again, and says which: neither while it starts or forgets. */
  isMember(number: number): Promise<boolean> {
    const member = this.cluster.member(number);
    return eventually(`${member.name} to have settled`, LIMIT_MS, async () => {
      const { status, error } = await overSocket(
        `${member.stateDir}/control.socket`,
        'GET',
        '/core/1.0/cluster',
      );
      if (status === 200) return true;
      if (error === 'Database is not yet initialized') return false;
      throw new Error(error);
    });
  }

  /** Waits until the member has forgotten its cluster. */
  async forgotten(number: number): Promise<void> {
    await eventually(`member ${number} to be none`, LIMIT_MS, async () => {
      if (await this.isMember(number)) throw new Error('it is one');
    });
  }

  async remove(through: number, name: string, force = false): Promise<void> {
    const member = this.cluster.member(through);
    await this.call(member, (client) => client.removeMember(name, { force }));
  }

  /** Removes the member and waits until it has forgotten its cluster. */
  async leave(number: number): Promise<void> {
    await this.remove(1, `n${number}`);
    await this.forgotten(number);
  }

  /** Kills a member when it stands at `point` of `operation`, which it never finishes, and starts it again. */
  async killAt(number: number, point: Failpoint, operation: () => Promise<unknown>): Promise<void> {
    const halted = this.stops(number).haltAt(point);
    const running = operation().then(
      () => 'the operation ended',
      () => 'the operation failed',
    );
    const first = await Promise.race([halted.then(() => 'halted'), running]);
    if (first !== 'halted') throw new Error(`${first} before it reached ${point}`);
    await this.cluster.kill(number);
    await running;
    await this.cluster.start(number);
  }

  /** As {@link killAt}, at a point that the member passes once `operation` has been answered. */
  async killAfter(number: number, point: Failpoint, operation: () => Promise<void>): Promise<void> {
    const halted = this.stops(number).haltAt(point);
    await operation();
    await reachedInTime(halted, `member ${number} to stand at ${point}`);
    await this.cluster.kill(number);
    await this.cluster.start(number);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster.close();
  }
}

/** Waits for `reached`, but not for ever. */
async function reachedInTime(reached: Promise<void>, what: string): Promise<void> {
  const over = new AbortController();
  const late = pause(LIMIT_MS, undefined, { signal: over.signal }).then(() => {
    throw new Error(`waited ${LIMIT_MS / 1000} s in vain for ${what}`);
  });
  try {
    await Promise.race([reached, late]);
  } finally {
    over.abort();
    // What is aborted rejects, and nobody waits for it any more.
    late.catch(() => undefined);
  }
}

/** Waits until the three records of all these members name exactly them. */
export async function expectAgreement(
  { cluster }: StoppableCluster,
  ...numbers: readonly number[]
): Promise<void> {
  const members = numbers.map((number) => cluster.member(number));
  await expectRecords(
    members,
    members.map(({ name }) => name),
  );
}
