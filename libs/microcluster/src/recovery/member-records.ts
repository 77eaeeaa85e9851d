/** The members as a recovery sees them, and their YAML: what is edited, and what travels as `recovery.yaml`. */
import type { NodeInfo } from '@microcluster/dqlite';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { MicroclusterError } from '../errors/microcluster-error.js';

/** One member of the Raft configuration, with the name by which the trust store knows it. */
export interface DqliteMember {
  /** Identifier of the member's database node; exceeds 2^53. */
  readonly id: bigint;
  /** `ip:port`. */
  readonly address: string;
  /** `voter`, `stand-by` or `spare`; a text of a person may hold anything until it is checked. */
  readonly role: string;
  readonly name: string;
}

/** A member whose role was checked. */
export interface RecoveredMember extends DqliteMember {
  readonly role: NodeInfo['role'];
}

/** Of what an error says about a text; it may quote a key or a line of any length. */
const MOST_SAID = 200;

const memberList = z.array(
  z.strictObject({
    id: z.bigint({ error: 'id must be a number' }),
    address: z.string({ error: 'address must be a text' }),
    role: z.string({ error: 'role must be a text' }),
    name: z.coerce.string({ error: 'name must be a text' }),
  }),
  { error: 'it must be a list of members' },
);

/**
 * Reads a list of members (`spec/core-api.md` 23.3).
 *
 * @param source names the text in errors
 * @throws MicroclusterError `BAD_REQUEST` saying what is wrong with it, and where
 */
export function parseMembers(text: string, source: string): DqliteMember[] {
  let content: unknown;
  try {
    content = parse(text, { intAsBigInt: true, logLevel: 'error' });
  } catch (cause) {
    const detail = cause instanceof Error ? (cause.message.split('\n', 1)[0] ?? '') : '';
    throw badRequest(`${source} is not YAML: ${shortened(detail)}`, cause);
  }
  const result = memberList.safeParse(content);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where =
    issue === undefined || issue.path.length === 0 ? '' : ` (member ${issuePath(issue)})`;
  throw badRequest(
    `${source} is no list of members: ${shortened(issue?.message ?? '')}${where}`,
    result.error,
  );
}

/** The text of a list, with the keys in the order of the specification. */
export function formatMembers(members: readonly DqliteMember[]): string {
  return stringify(
    members.map(({ id, address, role, name }) => ({ id, address, role, name })),
    { lineWidth: 0 },
  );
}

/** The record of a member in the Raft configuration. */
export function nodeOf({ id, address, role }: RecoveredMember): NodeInfo {
  return { id, address, role };
}

function issuePath({ path }: { readonly path: readonly PropertyKey[] }): string {
  return path.map((part) => (typeof part === 'number' ? part + 1 : String(part))).join(', ');
}

function shortened(detail: string): string {
  return detail.length <= MOST_SAID ? detail : `${detail.slice(0, MOST_SAID)}...`;
}

function badRequest(reason: string, cause: unknown): MicroclusterError {
  return new MicroclusterError('BAD_REQUEST', { reason }, { cause });
}
