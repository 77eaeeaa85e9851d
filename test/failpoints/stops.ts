/** Stops members that share this process at their failpoints, each member for itself. */
import { Global, Module, type DynamicModule } from '@nestjs/common';
import {
  FAILPOINT_ACTION,
  type Failpoint,
  type FailpointAction,
} from '@microcluster/nest/testing-seam';

/** What happens at a point, once. */
interface Stop {
  readonly point: Failpoint;
  readonly happens: () => Promise<void> | void;
}

/** The failpoints of one member. */
export class Stops {
  /** Every point that the member has passed. */
  readonly reached = new Set<Failpoint>();
  private stop: Stop | undefined;

  private readonly action: FailpointAction = async (point) => {
    this.reached.add(point);
    if (this.stop?.point !== point) return;
    const { happens } = this.stop;
    this.stop = undefined;
    await happens();
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
    this.stop = {
      point,
      happens: () => {
        throw new Error(`stopped at ${point}`);
      },
    };
  }

  /**
   * The next time at `point`, the operation stands still for ever, as the member that is killed there.
   * @returns what resolves when it does
   */
  haltAt(point: Failpoint): Promise<void> {
    return new Promise((resolve) => {
      const happens = () => {
        resolve();
        return new Promise<void>(() => undefined);
      };
      this.stop = { point, happens };
    });
  }

  /** Nothing happens any more. */
  clear(): void {
    this.stop = undefined;
  }
}

@Global()
@Module({})
class StopsModule {}
