/** The metrics of a daemon: two histograms that are filled as things happen, and everything else read when asked for. */
import { collectDefaultMetrics, Registry } from 'prom-client';
import { makeInstruments } from './instruments.js';
import { requestObserver, transactionObserver } from './observers.js';
import { present } from './present.js';
import type { MemberSnapshot } from './snapshot.js';

/** Injectable. Applications may register metrics of their own in {@link registry}; they are shown with ours. */
export class Metrics {
  /** Everything that is shown; apart from prom-client's default registry, which is the application's. */
  readonly registry = new Registry();
  private readonly instruments = makeInstruments(this.registry);
  /** Counts a request that is over. */
  readonly observeRequest = requestObserver(this.instruments.requestDuration);
  /** Counts a transaction that is over. */
  readonly observeTransaction = transactionObserver(this.instruments.transactionDuration);
  private running: Promise<string> | undefined;
  private hasDefaults = false;

  constructor(private readonly snapshot: () => Promise<MemberSnapshot>) {}

  /** Content-Type of {@link text}. */
  get contentType(): string {
    return this.registry.contentType;
  }

  /** All metrics in Prometheus' text format. Those who ask at the same time share one answer. */
  text(): Promise<string> {
    this.running ??= this.collect().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async collect(): Promise<string> {
    if (!this.hasDefaults) {
      this.hasDefaults = true;
      // Measuring garbage collection and the event loop costs a little; a daemon that nobody scrapes does not pay.
      collectDefaultMetrics({ register: this.registry });
    }
    present(this.instruments, await this.snapshot());
    return this.registry.metrics();
  }
}
