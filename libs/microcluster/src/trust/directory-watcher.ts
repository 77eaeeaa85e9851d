/** Tells that something in a directory changed, once per burst of changes. */
import { watch, type FSWatcher } from 'node:fs';

/** An editor's save is several events; this is how long, in milliseconds, they are gathered. */
const GATHER_MS = 50;
/** How often to look, in milliseconds, where the kernel has no watch left to give. */
const POLL_MS = 5_000;

/** Watches one directory, not its subdirectories. */
export class DirectoryWatcher {
  #watcher: FSWatcher | undefined;
  #gathering: NodeJS.Timeout | undefined;
  #polling: NodeJS.Timeout | undefined;
  #closed = false;

  /**
   * @param onChange called after each burst of changes
   * @param onDegraded called when the watch fails and polling takes over
   */
  constructor(
    directory: string,
    private readonly onChange: () => void,
    private readonly onDegraded: (error: unknown) => void,
  ) {
    try {
      this.#watcher = watch(directory, { persistent: false }, () => this.#gather());
      this.#watcher.on('error', (error) => this.#degrade(error));
    } catch (error) {
      this.#degrade(error);
    }
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#watcher?.close();
    clearTimeout(this.#gathering);
    clearInterval(this.#polling);
  }

  #gather(): void {
    if (this.#closed || this.#gathering !== undefined) return;
    this.#gathering = setTimeout(() => {
      this.#gathering = undefined;
      this.onChange();
    }, GATHER_MS);
    this.#gathering.unref();
  }

  #degrade(error: unknown): void {
    if (this.#closed || this.#polling !== undefined) return;
    this.#watcher?.close();
    this.#polling = setInterval(() => this.#gather(), POLL_MS);
    this.#polling.unref();
    this.onDegraded(error);
  }
}
