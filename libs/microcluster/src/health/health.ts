/** Finds out how this daemon is: for `livez` and `readyz`, for the service manager, and for applications. */
import { timeLimit } from '@microcluster/dqlite/time-limit';
import type { Daemon } from '../lifecycle/daemon.js';
import type { MemberRuntime } from '../lifecycle/member-runtime.js';
import { decideLive, decideReady, type Outcome } from './decide-health.js';
import { healthReport, type HealthReport } from './health-report.js';

/** An answer serves everybody who asks within this time, milliseconds: strangers may ask, as often as they like. */
const FRESH_MS = 500;

/** What the service needs of the daemon. */
export interface HealthParts {
  readonly daemon: Pick<Daemon, 'isReady' | 'isShuttingDown' | 'databaseStatus'>;
  readonly runtime: {
    readonly isOpen: boolean;
    readonly opened: Pick<MemberRuntime['opened'], 'nodeStatus' | 'leader' | 'sql'>;
  };
  readonly eventLoop: { readonly delayMs: number; readonly limitMs: number };
  readonly isListening: () => boolean;
  /** The certificates that this member shows, with their end. */
  readonly certificates: () => Promise<
    readonly { readonly name: string; readonly expires: Date }[]
  >;
  /** How long each question to the database may take, milliseconds. */
  readonly limitMs: number;
}

/** Injectable; `MicroclusterHealthIndicator` of `@microcluster/nest/terminus` is the way to it for `@nestjs/terminus`. */
export class Health {
  private asked: { readonly at: number; readonly report: Promise<HealthReport> } | undefined;

  constructor(private readonly parts: HealthParts) {}

  /** Whether the daemon works; what fails here, a restart of the daemon may repair. */
  live(): HealthReport {
    const { runtime, eventLoop } = this.parts;
    return healthReport(
      decideLive({
        databaseProcess: runtime.isOpen ? runtime.opened.nodeStatus : undefined,
        eventLoop,
      }),
    );
  }

  /** Whether the daemon can serve requests that use the database; at most half a second old. Never rejects. */
  ready(): Promise<HealthReport> {
    const now = performance.now();
    if (this.asked === undefined || now - this.asked.at > FRESH_MS) {
      this.asked = { at: now, report: this.examine() };
    }
    return this.asked.report;
  }

  private async examine(): Promise<HealthReport> {
    const { daemon, isListening, certificates } = this.parts;
    const [leader, query, shown] = await Promise.all([
      this.leader(),
      this.query(),
      outcomeOf(certificates()),
    ]);
    return healthReport(
      decideReady({
        isShuttingDown: daemon.isShuttingDown(),
        hasStarted: daemon.isReady,
        database: daemon.databaseStatus(),
        leader,
        query,
        isListening: isListening(),
        certificates: shown,
        now: new Date(),
      }),
    );
  }

  private leader(): Promise<Outcome<string>> {
    return this.ask(async (engine, signal) => (await engine.leader(signal)) ?? '');
  }

  private query(): Promise<Outcome<number>> {
    return this.ask(async ({ sql }, signal) => {
      const startedAt = performance.now();
      await sql.run('SELECT 1', [], { signal });
      return performance.now() - startedAt;
    });
  }

  private async ask<T>(
    question: (engine: HealthParts['runtime']['opened'], signal: AbortSignal) => Promise<T>,
  ): Promise<Outcome<T>> {
    const { daemon, runtime, limitMs } = this.parts;
    if (!runtime.isOpen || !daemon.databaseStatus().open) return { kind: 'not-asked' };
    const limit = timeLimit(limitMs);
    const outcome = await outcomeOf(question(runtime.opened, limit));
    return limit.aborted && outcome.kind === 'failed'
      ? { kind: 'failed', reason: `no answer within ${limitMs} ms` }
      : outcome;
  }
}

async function outcomeOf<T>(asked: Promise<T>): Promise<Outcome<T>> {
  try {
    return { kind: 'answered', value: await asked };
  } catch (error) {
    return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) };
  }
}
