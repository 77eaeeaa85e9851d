/** Ways of looking at the facts that several checks share. */
import { sameAddress } from '../types/address.js';
import type { Facts, MemberFacts } from './facts.js';
import type { MemberReport } from './report.js';

/** A machine that gave a report. */
export interface Reporter {
  readonly name: string;
  readonly address: string;
  readonly report: MemberReport;
  readonly skewMs: number;
  readonly uncertaintyMs: number;
}

/** The machines that gave a report and belong to a cluster. */
export function reportersOf(facts: Facts): Reporter[] {
  return facts.members.flatMap(({ name, address, answer }) =>
    answer.kind === 'report' ? [{ ...answer, name, address }] : [],
  );
}

/** The Raft configuration, preferably as the leader tells it; undefined when nobody could. */
export function nodesOf(facts: Facts): MemberReport['nodes'] | undefined {
  const known = reportersOf(facts).filter(({ report }) => report.nodes.length > 0);
  const leading = known.find(({ address, report }) => sameAddress(report.leader, address));
  return (leading ?? known[0])?.report.nodes;
}

/** The name of the machine at an address; the address itself where none is known. */
export function nameAt(facts: Facts, address: string): string {
  const row = facts.table?.find((member) => sameAddress(member.address, address));
  const asked = facts.members.find((member) => sameAddress(member.address, address));
  return row?.name ?? (asked?.name || address);
}

/** Whether a machine takes part: it answered, whatever it is. */
export function answers({ answer }: MemberFacts): boolean {
  return answer.kind === 'report' || answer.kind === 'other' || answer.kind === 'refused';
}

/** The `microctl` command with which the operator works on this state directory. */
export function microctl(facts: Pick<Facts, 'stateDir'>, command: string): string {
  return `microctl --state-dir ${facts.stateDir} ${command}`;
}

/** `a, b and c` */
export function listed(names: readonly string[]): string {
  const [last = '', ...rest] = names.toReversed();
  return rest.length === 0 ? last : `${rest.toReversed().join(', ')} and ${last}`;
}
