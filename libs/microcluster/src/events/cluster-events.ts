/** What happens to the cluster, for the providers of an application. */
import type { LoggerService } from '@nestjs/common';
import { filter, Observable, Subject } from 'rxjs';
import type { ClusterEvent, ClusterEventOf, ClusterEventType } from '../types/cluster-events.js';
import type { EventLog } from './event-log.js';

/** Called with an event; what it throws or rejects with is logged. */
export type ClusterEventListener<Type extends ClusterEventType> = (
  event: ClusterEventOf<Type>,
) => unknown;

/**
 * The events of the cluster as this member notices them; every member notices for itself. Injectable
 * everywhere in an application that imports `MicroclusterModule`.
 *
 * @example
 * constructor(events: ClusterEvents) {
 *   events.on('leader-changed', ({ to }) => this.logger.log(`${to} leads`));
 * }
 */
export class ClusterEvents {
  private readonly subject = new Subject<ClusterEvent>();

  /**
   * Every event from the subscription on, and no earlier one. Completes when the application shuts down.
   * A subscriber that throws is treated as RxJS treats it everywhere: the error is uncaught.
   */
  readonly stream: Observable<ClusterEvent> = this.subject.asObservable();

  constructor(
    log: EventLog,
    private readonly logger: Pick<LoggerService, 'error'>,
  ) {
    log.onEvent((event) => {
      this.subject.next(event);
    });
  }

  /** The events of some kinds, as {@link stream}. */
  of<Type extends ClusterEventType>(...types: readonly Type[]): Observable<ClusterEventOf<Type>> {
    return this.stream.pipe(
      filter((event): event is ClusterEventOf<Type> => isOneOf(types, event)),
    );
  }

  /**
   * Calls `listener` with each event of one kind.
   *
   * @returns a function that ends this
   */
  on<Type extends ClusterEventType>(type: Type, listener: ClusterEventListener<Type>): () => void {
    const subscription = this.of(type).subscribe((event) => {
      void this.call(listener, event);
    });
    return () => {
      subscription.unsubscribe();
    };
  }

  /** Completes the streams. @internal */
  complete(): void {
    this.subject.complete();
  }

  private async call<Type extends ClusterEventType>(
    listener: ClusterEventListener<Type>,
    event: ClusterEventOf<Type>,
  ): Promise<void> {
    try {
      await listener(event);
    } catch (error) {
      this.logger.error({ event: 'cluster-event-listener-failed', type: event.type, error });
    }
  }
}

function isOneOf<Type extends ClusterEventType>(
  types: readonly Type[],
  event: ClusterEvent,
): event is ClusterEventOf<Type> {
  return types.some((type) => type === event.type);
}
