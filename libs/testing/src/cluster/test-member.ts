/** A member in the process of the test: its application, and what is left of it when that is stopped or killed. */
import type { Abstract, INestApplication, LoggerService, Type } from '@nestjs/common';
import { ClusterState } from '@microcluster/nest';
import type { MicroclusterClient } from '@microcluster/nest/client';
import { crashMember, databaseProcessOf } from '@microcluster/nest/testing-seam';
import type { LightMyRequestResponse } from 'fastify';
import { inject, type InjectRequest } from '../inject.js';
import type { ClusterMember, MemberPlan, MemberState } from './cluster-member.js';
import { clientOf } from './member-client.js';
import { endOfLog, logFileOf, MemberLog } from './member-log.js';

/** Makes and starts a member's application; called again for each start. */
export type ApplicationStart = (
  logger: LoggerService,
  onStopRequest: () => void,
) => Promise<INestApplication>;

/** Its application can be looked into, and shares memory and event loop with the test. */
export class TestMember implements ClusterMember {
  readonly number: number;
  readonly name: string;
  readonly address: string;
  readonly stateDir: string;
  readonly client: MicroclusterClient;
  readonly standsStillAlone = false;
  private readonly log: MemberLog;
  private application: INestApplication | undefined;
  private current: MemberState = 'stopped';

  constructor(
    plan: MemberPlan,
    private readonly startApplication: ApplicationStart,
  ) {
    this.number = plan.number;
    this.name = plan.name;
    this.address = plan.address;
    this.stateDir = plan.stateDir;
    this.log = new MemberLog(logFileOf(plan));
    this.client = clientOf(plan);
  }

  get state(): MemberState {
    return this.current;
  }

  /**
   * Its application. @throws Error while it is stopped or killed
   */
  get app(): INestApplication {
    if (this.application === undefined) {
      throw new Error(
        `Member ${this.name} is ${this.current}; start it before using its application`,
      );
    }
    return this.application;
  }

  /** Process id of its database process; `undefined` while there is none. */
  get databaseProcess(): number | undefined {
    return this.application === undefined ? undefined : databaseProcessOf(this.application);
  }

  /** A provider of its application, wherever it is declared. */
  get<T>(token: Type<T> | Abstract<T> | string | symbol): T {
    return this.app.get<T>(token, { strict: false });
  }

  /** Exercises one of its routes without a socket; see {@link inject}. */
  inject(request: InjectRequest): Promise<LightMyRequestResponse> {
    return inject(this.app, request);
  }

  async leads(signal: AbortSignal): Promise<boolean> {
    return this.get(ClusterState).isLeader(signal);
  }

  logs(count = 50): string {
    return endOfLog(this.log.file, count);
  }

  async start(): Promise<void> {
    if (this.application !== undefined) throw new Error(`Member ${this.name} is already running`);
    this.application = await this.startApplication(this.log, () => {
      // As a process would end that a client has asked to shut down.
      this.stop().catch((error: unknown) => this.log.error('stop on request failed', error));
    });
    this.current = 'running';
  }

  /** Stops its database process where it is. */
  pause(): void {
    if (this.current !== 'running') throw new Error(`Member ${this.name} is ${this.current}`);
    this.signalDatabase('SIGSTOP');
    this.current = 'paused';
  }

  resume(): void {
    if (this.current !== 'paused') return;
    this.signalDatabase('SIGCONT');
    this.current = 'running';
  }

  async stop(): Promise<void> {
    this.resume();
    await this.end('stopped', (app) => app.close());
  }

  async kill(): Promise<void> {
    await this.end('killed', async (app) => {
      try {
        await crashMember(app);
      } finally {
        await app.close();
      }
    });
  }

  async close(): Promise<void> {
    try {
      await this.kill();
    } finally {
      await this.client.close();
    }
  }

  private signalDatabase(signal: NodeJS.Signals): void {
    const id = this.databaseProcess;
    if (id !== undefined) process.kill(id, signal);
  }

  private async end(as: MemberState, how: (app: INestApplication) => Promise<void>): Promise<void> {
    const app = this.application;
    if (app === undefined) return;
    this.application = undefined;
    this.current = as;
    await how(app);
  }
}
