/** The status of a node host, and those who want to know when it changes. */
import type { NodeStatus } from '../node-host.js';

type StatusListener = (status: NodeStatus, reason?: Error) => void;

export class StatusReport {
  readonly #listeners = new Set<StatusListener>();
  #status: NodeStatus = 'stopped';

  get status(): NodeStatus {
    return this.#status;
  }

  /** Tells every listener, unless nothing changes and there is no new reason. */
  set(status: NodeStatus, reason?: Error): void {
    if (status === this.#status && reason === undefined) return;
    this.#status = status;
    for (const listener of this.#listeners) listener(status, reason);
  }

  /** @returns a function that unsubscribes */
  listen(listener: StatusListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
