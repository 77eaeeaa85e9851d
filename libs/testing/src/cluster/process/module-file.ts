/** The root module of an application by the file that exports it, since a class cannot go to another process. */
import type { TestingModuleBuilder } from '@nestjs/testing';
import type { MemberPlan } from '../cluster-member.js';
import type { MemberModule } from '../member-modules.js';

/** Where a process finds the module. */
export interface ModuleFile {
  /** What Node can import: compiled JavaScript, or TypeScript where `execArgv` names a loader for it. */
  readonly file: URL;
  /** Name of the export: a module, or a function that makes one for each member. Default `AppModule`. */
  readonly export?: string;
  /** Name of an exported {@link MemberOverride}. Default: nothing is overridden. */
  readonly override?: string;
}

/** Called with the builder of a member's application, for overrides of guards and providers. */
export type MemberOverride = (builder: TestingModuleBuilder, member: MemberPlan) => unknown;

/** What a process is told of a {@link ModuleFile}. */
export interface ModuleExports {
  readonly url: string;
  readonly module: string;
  readonly override?: string;
}

/** Whether the application is named by its file. */
export function isModuleFile(application: MemberModule | ModuleFile): application is ModuleFile {
  return typeof application === 'object' && 'file' in application;
}

/** The names that a process needs, with the default. */
export function exportsOf({
  file,
  export: module = 'AppModule',
  override,
}: ModuleFile): ModuleExports {
  return { url: file.href, module, ...(override !== undefined && { override }) };
}

/**
 * Imports what is named.
 *
 * @throws TypeError when the file does not export it, and whatever importing the file throws
 */
export async function importModule({ url, module, override }: ModuleExports): Promise<{
  readonly module: MemberModule;
  readonly override?: MemberOverride;
}> {
  const exported: Readonly<Record<string, unknown>> = await import(url);
  const missing = (what: string, name: string) => {
    const names = Object.keys(exported).join(', ') || 'nothing';
    return new TypeError(`${url} exports no ${what} "${name}", but ${names}; name an export`);
  };
  const found = exported[module];
  if (!isMemberModule(found)) throw missing('module', module);
  if (override === undefined) return { module: found };
  const overriding = exported[override];
  if (!isOverride(overriding)) throw missing('function', override);
  return { module: found, override: overriding };
}

/** A class, a function, or a dynamic module. */
function isMemberModule(value: unknown): value is MemberModule {
  const isDynamic = typeof value === 'object' && value !== null && 'module' in value;
  return typeof value === 'function' || isDynamic;
}

function isOverride(value: unknown): value is MemberOverride {
  return typeof value === 'function';
}
