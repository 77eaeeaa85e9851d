/** All that the doctor's judgement depends on. */
import type { ClusterMember } from '../types/schemas.js';
import type { MemberReport } from './report.js';

/** Roles by address, names and answers; collected once, judged by a pure function. */
export interface Facts {
  /** Absolute path of the state directory of the member that asks. */
  readonly stateDir: string;
  /** The asking machine's clock. */
  readonly now: Date;
  /** Name and address of the asking member as its files tell them; undefined when it belongs to no cluster. */
  readonly self: { readonly name: string; readonly address: string } | undefined;
  /** Why the local daemon did not answer on its control socket; undefined when it did. */
  readonly daemonFault: string | undefined;
  /** The member table, from the first member that could read it; undefined when nobody could. */
  readonly table: readonly ClusterMember[] | undefined;
  /** Every machine that any record names, the asking one included. */
  readonly members: readonly MemberFacts[];
  /** Files of the state directory that others than their owner may read although they hold a key. */
  readonly exposedKeys: readonly string[];
}

/** One machine. */
export interface MemberFacts {
  readonly name: string;
  readonly address: string;
  readonly answer: MemberAnswer;
}

/** What came of asking a machine. */
export type MemberAnswer =
  | {
      readonly kind: 'report';
      readonly report: MemberReport;
      /** Its clock minus ours, milliseconds; wrong by at most `uncertaintyMs`. */
      readonly skewMs: number;
      readonly uncertaintyMs: number;
    }
  /** It answers, but gives no reports, as members in Go. */
  | { readonly kind: 'other'; readonly version: string }
  /** It answers that it does not trust us. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'silent'; readonly reason: string }
  /** It was not asked, because we may not read the key that a member asks with. */
  | { readonly kind: 'not-asked'; readonly reason: string };
