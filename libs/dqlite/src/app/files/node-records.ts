/** The text of `info.yaml` and `cluster.yaml`, with identifiers as `bigint` (`spec/dqlite.md` C.1). */
import { parse, stringify } from 'yaml';
import { DqliteError } from '../../errors/index.js';
import type { NodeInfo, NodeRole } from '../../values.js';

/** Roles by the number that files and the wire give them. */
const ROLES: readonly NodeRole[] = ['voter', 'stand-by', 'spare'];

const MAX_ID = 2n ** 64n - 1n;
/** What an address can be, whatever its kind; it is quoted in errors. */
const ADDRESS = /^[^\s\p{C}]{1,300}$/u;

/** The content of `info.yaml`; its role is always 0 and means nothing. */
export function formatNode(node: Pick<NodeInfo, 'id' | 'address'>): string {
  return stringify({ ID: node.id, Address: node.address, Role: 0 });
}

/** The content of `cluster.yaml`. */
export function formatNodes(nodes: readonly NodeInfo[]): string {
  return stringify(
    nodes.map(({ id, address, role }) => ({ ID: id, Address: address, Role: ROLES.indexOf(role) })),
  );
}

/**
 * Reads the content of `info.yaml`.
 *
 * @throws DqliteError `STATE_FILES` naming `file`
 */
export function parseNode(text: string, file: string): NodeInfo {
  return toNode(parseYaml(text, file), file);
}

/**
 * Reads the content of `cluster.yaml`.
 *
 * @throws DqliteError `STATE_FILES` naming `file`
 */
export function parseNodes(text: string, file: string): NodeInfo[] {
  const value = parseYaml(text, file);
  if (value === null) return [];
  if (!Array.isArray(value)) throw malformed(file, 'is not a list of nodes');
  return value.map((item: unknown) => toNode(item, file));
}

function parseYaml(text: string, file: string): unknown {
  try {
    const value: unknown = parse(text, { intAsBigInt: true, logLevel: 'error' });
    return value;
  } catch (cause) {
    throw malformed(file, 'is not YAML', cause);
  }
}

function toNode(value: unknown, file: string): NodeInfo {
  if (typeof value !== 'object' || value === null) throw malformed(file, 'is not a map of a node');
  const { ID: id, Address: address, Role: number }: Record<string, unknown> = { ...value };
  if (typeof id !== 'bigint' || id < 0n || id > MAX_ID) {
    throw malformed(file, 'has a node whose ID is not a number of 64 bits');
  }
  if (typeof address !== 'string' || !ADDRESS.test(address)) {
    throw malformed(file, `has no address for node ${id}`);
  }
  const role = typeof number === 'bigint' ? ROLES[Number(number)] : undefined;
  if (role === undefined) throw malformed(file, `has an unknown role for node ${id}`);
  return { id, address, role };
}

function malformed(file: string, reason: string, cause?: unknown): DqliteError {
  return new DqliteError(
    'STATE_FILES',
    { file, reason: `it ${reason}; restore it from a backup` },
    { cause },
  );
}
