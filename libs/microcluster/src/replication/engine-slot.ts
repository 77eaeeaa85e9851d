/** Where the data source finds the engine that the daemon has opened. */
import type { SqlEngine } from '@microcluster/dqlite';
import { MicroclusterError } from '../errors/index.js';

/** Empty until the daemon is initialised; the data source asks it at each `initialize()`. */
export class EngineSlot {
  private engine: SqlEngine | undefined;

  /** @throws MicroclusterError `NOT_INITIALISED` while it is empty */
  readonly current = (): SqlEngine => {
    if (this.engine === undefined) {
      throw new MicroclusterError('NOT_INITIALISED', {});
    }
    return this.engine;
  };

  set(engine: SqlEngine | undefined): void {
    this.engine = engine;
  }
}
