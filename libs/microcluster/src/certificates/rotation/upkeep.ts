/** What has to be done about certificates all the time: warn before they end, and let nobody fall behind. */
import type {
  BeforeApplicationShutdown,
  LoggerService,
  OnApplicationBootstrap,
} from '@nestjs/common';
import type { MemberIdentity } from '../../lifecycle/member-identity.js';
import type { StateDirectory } from '../../state/index.js';
import type { CertificateCatchUp } from './catch-up.js';
import { logExpiry } from './expiry.js';
import { shownCertificates } from './shown-certificates.js';

/** Dates are looked at this often, milliseconds: once a day. */
const EXPIRY_INTERVAL = 24 * 3_600_000;
/** Members that fell behind are looked for at least this often, milliseconds. */
const LONGEST_ROUND = 5_000;

export interface CertificateUpkeepParts {
  /** Time between two heartbeats, milliseconds. */
  readonly intervalMs: number;
  readonly state: StateDirectory;
  readonly identity: MemberIdentity;
  readonly catchUp: CertificateCatchUp;
  readonly logger: LoggerService;
}

/** Runs while the application does. */
export class CertificateUpkeep implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly closing = new AbortController();
  private readonly timers: NodeJS.Timeout[] = [];
  private running: Promise<void> | undefined;

  constructor(private readonly parts: CertificateUpkeepParts) {}

  onApplicationBootstrap(): void {
    void this.warn();
    this.every(EXPIRY_INTERVAL, () => void this.warn());
    this.every(Math.min(this.parts.intervalMs, LONGEST_ROUND), () => {
      this.running ??= this.round();
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    this.closing.abort(new Error('The daemon is stopping'));
    await this.running;
  }

  /** Looks at the dates of every certificate of this member; never rejects. */
  async warn(): Promise<void> {
    const { state, identity, logger } = this.parts;
    try {
      logExpiry(await shownCertificates(identity, state), new Date(), logger);
    } catch (error) {
      logger.warn({ event: 'certificate-dates-unknown', error });
    }
  }

  private async round(): Promise<void> {
    try {
      await this.parts.catchUp.round(this.closing.signal);
    } catch (error) {
      if (!this.closing.signal.aborted) {
        this.parts.logger.warn({ event: 'certificate-catch-up-failed', error });
      }
    } finally {
      this.running = undefined;
    }
  }

  private every(milliseconds: number, action: () => void): void {
    this.timers.push(setInterval(action, milliseconds).unref());
  }
}
