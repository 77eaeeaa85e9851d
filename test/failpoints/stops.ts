/** Stops members that share this process at their failpoints, each member for itself. */
import { Global, Module, type DynamicModule } from '@nestjs/common';
import {
  FAILPOINT_ACTION,
  type Failpoint,
  type FailpointAction,
} from '@microcluster/nest/testing-seam';

/** The failpoints of one member. */
export class Stops {
  /** Every point that the member has passed. */
  readonly reached = new Set<Failpoint>();
  /** What happens at a point, once. */
  private readonly stops = new Map<Failpoint, () => Promise<void> | void>();

  private readonly action: FailpointAction = async (point) => {
    this.reached.add(point);
    const happens = this.stops.get(point);
    this.stops.delete(point);
    await happens?.();
  };

  /** Sets the member's failpoints in the application that imports it. */
  get module(): DynamicModule {
    return {
      module: StopsModule,
      providers: [{ provide: FAILPOINT_ACTION, useValue: this.action }],
      exports: [FAILPOINT_ACTION],
    };
  }

  /** The next time at `point`, the operation fails. */
  failAt(point: Failpoint): void {
    this.stops.set(point, () => {
      throw new Error(`stopped at ${point}`);
    });
  }

  /**
   * The next time at `point`, the operation stands still for ever, as the member that is killed there.
   * @returns what resolves when it does
   */
  haltAt(point: Failpoint): Promise<void> {
    return new Promise((resolve) => {
      this.stops.set(point, () => {
        resolve();
        return new Promise<void>(() => undefined);
      });
    });
  }
}

@Global()
@Module({})
class StopsModule {}
