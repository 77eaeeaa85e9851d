/** Where the data source finds the engine that the daemon has opened. */
import { observeEngine, type SqlEngine, type TransactionObserver } from '@microcluster/dqlite';
import { MicroclusterError } from '../errors/index.js';

/** Empty until the daemon is initialised; the data source asks it at each `initialize()`. */
export class EngineSlot {
  private engine: SqlEngine | undefined;
  private observer: TransactionObserver | undefined;

  /** @throws MicroclusterError `NOT_INITIALISED` while it is empty */
  readonly current = (): SqlEngine => {
    if (this.engine === undefined) {
      throw new MicroclusterError('NOT_INITIALISED', {});
    }
    return this.engine;
  };

  set(engine: SqlEngine | undefined): void {
    const { observer } = this;
    this.engine = engine && observer ? observeEngine(engine, observer) : engine;
  }

  /** Tells `observer` of the transactions on every engine that is set from now on. */
  observe(observer: TransactionObserver): void {
    this.observer = observer;
  }
}
