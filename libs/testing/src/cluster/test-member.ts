/** One member of a cluster under test: its application, and what is left of it when that is stopped or killed. */
import path from 'node:path';
import type { Abstract, INestApplication, LoggerService, Type } from '@nestjs/common';
import { MicroclusterClient } from '@microcluster/nest/client';
import { crashMember, databaseProcessOf, stopRequests } from '@microcluster/nest/testing-seam';
import type { LightMyRequestResponse } from 'fastify';
import { inject, type InjectRequest } from '../inject.js';
import type { ClusterTestingModuleBuilder } from '../module/index.js';
import { MemberLog } from './member-log.js';

/** Whether the member's application runs, stands still, was closed, or was cut off in mid-life. */
export type MemberState = 'running' | 'paused' | 'stopped' | 'killed';

/** What is known of a member before its application is made. */
export interface MemberPlan {
  /** Counted from 1. */
  readonly number: number;
  /** `n1`, `n2`, ... */
  readonly name: string;
  /** `ip:port` of its Core API. */
  readonly address: string;
  readonly stateDir: string;
}

/** Makes the builder of a member's application; called again for each start. */
export type MemberRecipe = (
  plan: MemberPlan,
  logger: LoggerService,
) => Promise<ClusterTestingModuleBuilder>;

/** How long a call of the member's client may take, milliseconds. */
const CALL_LIMIT_MS = 30_000;

/** A real member: own Nest application, own state directory, own database process. */
export class TestMember implements MemberPlan {
  readonly number: number;
  readonly name: string;
  readonly address: string;
  readonly stateDir: string;
  /** Calls the member through its control socket. */
  readonly client: MicroclusterClient;
  private readonly log: MemberLog;
  private application: INestApplication | undefined;
  private current: MemberState = 'stopped';

  constructor(
    plan: MemberPlan,
    private readonly recipe: MemberRecipe,
  ) {
    this.number = plan.number;
    this.name = plan.name;
    this.address = plan.address;
    this.stateDir = plan.stateDir;
    this.log = new MemberLog(`${plan.stateDir}.log`);
    this.client = new MicroclusterClient({
      socketPath: path.join(plan.stateDir, 'control.socket'),
      timeoutMs: CALL_LIMIT_MS,
    });
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

  /** The last lines of its log; all of it is in the file beside its state directory. */
  logs(count = 50): string {
    return this.log.tail(count).join('\n');
  }

  /** Starts its application in its directory, as often as it was ended. */
  async start(): Promise<void> {
    if (this.application !== undefined) throw new Error(`Member ${this.name} is already running`);
    const builder = await this.recipe(this, this.log);
    const module = await builder.compile();
    const app = module.createNestApplication();
    try {
      await app.init();
    } catch (error) {
      await app.close().catch(() => undefined);
      throw error;
    }
    this.application = app;
    this.current = 'running';
    // As a process would end that a client has asked to shut down.
    stopRequests(app, () => {
      this.stop().catch((error: unknown) => this.log.error('stop on request failed', error));
    });
  }

  /** Stops its database process where it is. @throws Error when it does not run */
  pause(): void {
    if (this.current !== 'running') throw new Error(`Member ${this.name} is ${this.current}`);
    this.signalDatabase('SIGSTOP');
    this.current = 'paused';
  }

  /** Lets its database process go on; does nothing for one that is not paused. */
  resume(): void {
    if (this.current !== 'paused') return;
    this.signalDatabase('SIGCONT');
    this.current = 'running';
  }

  /** Closes its application as a signal would: leadership is handed over first. Idempotent. */
  async stop(): Promise<void> {
    this.resume();
    await this.end('stopped', (app) => app.close());
  }

  /** See `TestCluster.kill`. Idempotent. */
  async kill(): Promise<void> {
    await this.end('killed', async (app) => {
      try {
        await crashMember(app);
      } finally {
        await app.close();
      }
    });
  }

  /** Ends it for good. */
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
