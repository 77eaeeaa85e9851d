/** What a cluster under test does with its members, wherever they run. */
import type { MicroclusterClient } from '@microcluster/nest/client';

/** Whether the member's application runs, stands still, was closed, or was cut off in mid-life. */
export type MemberState = 'running' | 'paused' | 'stopped' | 'killed';

/** What is known of a member before its application is made. */
export interface MemberPlan {
  /** Counted from 1. */
  readonly number: number;
  /** `n1`, `n2`, ... */
  readonly name: string;
  /** `ip:port` of its Core API. */
  readonly address: string;
  readonly stateDir: string;
}

/** A real member: own Nest application, own state directory, own database process. */
export interface ClusterMember extends MemberPlan {
  readonly state: MemberState;
  /** Calls the member through its control socket. */
  readonly client: MicroclusterClient;
  /** Whether nothing of it goes on while it is paused; one that shares its process has to be cut off as well. */
  readonly standsStillAlone: boolean;

  /** Whether it leads the database. @throws Error when it does not say so before `signal` aborts */
  leads(signal: AbortSignal): Promise<boolean>;
  /** The last lines of its log; all of it is in the file beside its state directory. @param count default 50 */
  logs(count?: number): string;

  /** Starts its application in its directory, as often as it was ended. */
  start(): Promise<void>;
  /** Ends its application as a signal would: leadership is handed over first. Idempotent. */
  stop(): Promise<void>;
  /** See `TestCluster.kill`. Idempotent. */
  kill(): Promise<void>;
  /** See `TestCluster.pause`. @throws Error when it does not run */
  pause(): void;
  /** Lets a paused member go on; does nothing for one that is not paused. */
  resume(): void;
  /** Ends it for good. */
  close(): Promise<void>;
}
