/** Schema upgrades: the database is never ahead of its slowest member. */
import { verdict, type Verdict, type Violation } from './violation.js';

export interface SchemaVersion {
  readonly internal: number;
  readonly external: number;
}

/** One look at the database, in one transaction. */
export interface SchemaObservation {
  /** Milliseconds since the run began. */
  readonly at: number;
  /** The updates that the database has had. */
  readonly database: SchemaVersion;
  /** What each member said that its release brings; those that are only joining left out. */
  readonly members: readonly (SchemaVersion & { readonly name: string })[];
}

/** @param observations in the order in which they were made */
export function checkSchema(observations: readonly SchemaObservation[]): Verdict {
  const violations: Violation[] = [];
  let before: SchemaObservation | undefined;
  for (const observation of observations) {
    const { database, members, at } = observation;
    for (const kind of ['internal', 'external'] as const) {
      const slower = members.filter((member) => member[kind] < database[kind]);
      const evidence = [`${at.toFixed(0)} ms: the database has ${kind} ${database[kind]}`];
      if (slower.length > 0) {
        violations.push({
          what: `the ${kind} schema is ahead of a member`,
          evidence: [...evidence, ...slower.map(({ name, [kind]: has }) => `${name} has ${has}`)],
        });
      }
      if (before !== undefined && database[kind] < before.database[kind]) {
        const was = `${before.at.toFixed(0)} ms: it had ${before.database[kind]}`;
        violations.push({ what: `the ${kind} schema went back`, evidence: [...evidence, was] });
      }
    }
    before = observation;
  }
  return verdict(violations);
}
