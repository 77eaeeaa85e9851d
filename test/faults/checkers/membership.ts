/** Membership: the records agree when the cluster is quiet, a token admits one member, hooks run in order and everywhere. */
import { verdict, type Verdict, type Violation } from './violation.js';

/** Who is a member, as each of the three records has it. Names in any order. */
export interface MembershipRecords {
  /** The table, as `observer` answers it. */
  readonly table: readonly string[];
  /** The nodes of dqlite, by the names that the table gives to their addresses, or else the address. */
  readonly nodes: readonly string[];
  /** The observer's trust store. */
  readonly trusted: readonly string[];
  readonly observer: string;
}

/** An attempt to join. */
export interface TokenUse {
  readonly token: string;
  readonly member: string;
  readonly outcome: 'ok' | 'failed' | 'unknown';
}

/** One line of the log that a member's hooks keep. */
export interface HookRun {
  readonly member: string;
  readonly hook: string;
  /** The member that the hook was told of, else empty. */
  readonly about: string;
}

/** A member that joined while `witnesses`, all of them reachable, were members; each has to be told. */
export interface WitnessedJoin {
  readonly member: string;
  readonly witnesses: readonly string[];
}

export interface MembershipHistory {
  /** Taken when the cluster was quiet. */
  readonly records: readonly MembershipRecords[];
  readonly tokenUses: readonly TokenUse[];
  /** Of each member in its own order. */
  readonly hooks: readonly HookRun[];
  readonly joins: readonly WitnessedJoin[];
}

/** What may follow which hook on one member, heartbeats and those about others left out. A process may be killed after any. */
const FOLLOWS: Readonly<Record<string, readonly string[]>> = {
  '': ['start'],
  start: ['start', 'preInit', 'preRemove'],
  preInit: ['postBootstrap', 'preJoin', 'preInit', 'preRemove', 'start'],
  postBootstrap: ['start', 'preRemove'],
  preJoin: ['postJoin', 'preInit', 'preRemove', 'start'],
  postJoin: ['start', 'preRemove'],
  preRemove: ['start', 'preInit', 'preRemove'],
};

export function checkMembership(history: MembershipHistory): Verdict {
  return verdict([
    ...history.records.flatMap(disagreement),
    ...tokensUsedTwice(history.tokenUses),
    ...hooksOutOfOrder(history.hooks),
    ...joinsNotReported(history),
  ]);
}

function disagreement({ table, nodes, trusted, observer }: MembershipRecords): Violation[] {
  const texts = [table, nodes, trusted].map((names) => names.toSorted().join(', '));
  if (new Set(texts).size === 1) return [];
  return [
    {
      what: `the records of who is a member disagree in the eyes of ${observer}`,
      evidence: [`table: ${texts[0]}`, `dqlite: ${texts[1]}`, `trust store: ${texts[2]}`],
    },
  ];
}

function tokensUsedTwice(uses: readonly TokenUse[]): Violation[] {
  const tokens = new Set(uses.map(({ token }) => token));
  return [...tokens].flatMap((token) => {
    const admitted = new Set(
      uses.filter((use) => use.token === token && use.outcome === 'ok').map(({ member }) => member),
    );
    return admitted.size < 2
      ? []
      : [{ what: 'a token admitted more than one member', evidence: [...admitted] }];
  });
}

function hooksOutOfOrder(hooks: readonly HookRun[]): Violation[] {
  const last = new Map<string, string>();
  return hooks.flatMap(({ member, hook }) => {
    if (!(hook in FOLLOWS)) return [];
    const before = last.get(member) ?? '';
    last.set(member, hook);
    return FOLLOWS[before]?.includes(hook) === true
      ? []
      : [
          {
            what: `a hook ran out of order on ${member}`,
            evidence: [`${hook} after ${before || 'nothing'}`],
          },
        ];
  });
}

function joinsNotReported({ joins, hooks }: MembershipHistory): Violation[] {
  return joins.flatMap(({ member, witnesses }) =>
    witnesses
      .filter(
        (witness) =>
          !hooks.some(
            (run) => run.member === witness && run.hook === 'newMember' && run.about === member,
          ),
      )
      .map((witness) => ({
        what: `a member was not told of a join`,
        evidence: [`${witness} did not run newMember for ${member}`],
      })),
  );
}
