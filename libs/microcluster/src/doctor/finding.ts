/** What the doctor says. */

/** `critical`: something does not work. `warning`: it will not, or a failure more would break it. `info`: worth knowing. */
export type Severity = 'critical' | 'warning' | 'info';

/** What a finding is about. */
export type Check =
  | 'daemon'
  | 'database'
  | 'quorum'
  | 'membership'
  | 'trust'
  | 'certificates'
  | 'versions'
  | 'clocks'
  | 'disk'
  | 'engine';

/** A repair that changes nothing that the records do not already agree on. */
export type Fix =
  /** The member at `at` shall trust a member that the member table and the database both have. */
  | {
      readonly kind: 'trust-add';
      readonly at: string;
      readonly member: {
        readonly name: string;
        readonly address: string;
        readonly certificate: string;
      };
    }
  /** The member at `at` shall no longer trust `name`, which neither the member table nor the database has. */
  | { readonly kind: 'trust-remove'; readonly at: string; readonly name: string }
  /** Only the owner shall read a private key. */
  | { readonly kind: 'restrict-key'; readonly path: string };

/** One thing that is not as it should be. */
export interface Finding {
  readonly severity: Severity;
  readonly check: Check;
  /** Name of the member that it is about; empty: the whole cluster. */
  readonly member: string;
  /** One sentence. */
  readonly problem: string;
  /** What to do, with the command where there is one. */
  readonly repair: string;
  /** Present when `doctor --fix` can repair it. */
  readonly fix?: Fix;
}

const ORDER: readonly Severity[] = ['critical', 'warning', 'info'];

/** The most severe first, then by member. */
export function bySeverity(a: Finding, b: Finding): number {
  return (
    ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity) ||
    a.member.localeCompare(b.member, 'en', { numeric: true })
  );
}
