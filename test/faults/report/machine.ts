/** The machine that a run was on, and how busy it was: figures mean nothing without. */
import { cpus, loadavg, totalmem } from 'node:os';

export interface Machine {
  /** What the processors call themselves, and how many there are. */
  readonly processors: string;
  readonly memoryGiB: number;
  readonly node: string;
  /** Processes that ran or wanted to, as a mean over the last minute: at the beginning, now and then, at the end. */
  readonly load: readonly number[];
}

const INTERVAL_MS = 30_000;

/** Watches the load from its making until {@link describe} is called. */
export class MachineWatch {
  private readonly load = [oneMinuteLoad()];
  private readonly timer = setInterval(() => this.load.push(oneMinuteLoad()), INTERVAL_MS).unref();

  /** Ends watching. */
  describe(): Machine {
    clearInterval(this.timer);
    this.load.push(oneMinuteLoad());
    const models = cpus().map(({ model }) => model.trim());
    return {
      processors: `${models.length} x ${models[0] ?? 'unknown'}`,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      node: process.version,
      load: this.load,
    };
  }
}

function oneMinuteLoad(): number {
  const [lastMinute = 0] = loadavg();
  return lastMinute;
}
