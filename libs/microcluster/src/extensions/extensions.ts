/** The list of API features that all members of a cluster must agree on (`spec/core-api.md` 19). */

/** The framework's own features; they come first in every registry, in this order. */
export const INTERNAL_EXTENSIONS: readonly string[] = Object.freeze([
  'internal:runtime_extension_v1',
  'internal:rename_core_endpoints',
]);

const EXTERNAL_NAME = /^[a-z0-9]+(_[a-z0-9]+)*$/;

/** Why a list of extensions was refused. */
export class ExtensionsError extends Error {
  override readonly name = 'ExtensionsError';
  /** HTTP status of the reply when a request brought the list. */
  readonly status = 400;
}

/**
 * Builds a daemon's registry: the internal extensions followed by the application's.
 *
 * @param external names in the order in which the application introduced them.
 * @throws ExtensionsError for an empty, malformed or repeated name.
 */
export function buildExtensions(external: readonly string[]): readonly string[] {
  const registered = new Set(INTERNAL_EXTENSIONS);
  for (const name of external) {
    if (name === '') throw new ExtensionsError('Extension cannot be empty');
    if (!EXTERNAL_NAME.test(name)) {
      throw new ExtensionsError(
        `Extension "${name}" is not valid: use lower-case letters and digits, in groups separated by single underscores`,
      );
    }
    if (registered.has(name)) throw new ExtensionsError(`Extension "${name}" already registered`);
    registered.add(name);
  }
  return Object.freeze([...registered]);
}

/** Whether two registries hold the same names at the same places. */
export function extensionsEqual(source: readonly string[], target: readonly string[]): boolean {
  return source.length === target.length && source.every((name, index) => name === target[index]);
}

/** How a joiner's extensions (`target`) differ from ours, in words for the operator; `undefined` when equal. */
export function describeExtensionsMismatch(
  source: readonly string[],
  target: readonly string[],
): string | undefined {
  if (extensionsEqual(source, target)) return undefined;
  if (source.length !== target.length) {
    return `The source (${goList(source)}) and target (${goList(target)}) registries have different number of extensions`;
  }
  return 'The source and target registries have different extensions';
}

/** Outcome of comparing a member's stored extensions with ours at start (`spec/core-api.md` 20.5 step 4). */
export type ExtensionsComparison = 'equal' | 'member-behind' | 'own-behind';

/** Compares the list another member stored with our own; `undefined` is a member that stored none. */
export function compareExtensions(
  own: readonly string[],
  member: readonly string[] | undefined,
): ExtensionsComparison {
  if (member === undefined || member.length < own.length) return 'member-behind';
  return extensionsEqual(own, member) ? 'equal' : 'own-behind';
}

function goList(names: readonly string[]): string {
  return `[${names.join(' ')}]`;
}
