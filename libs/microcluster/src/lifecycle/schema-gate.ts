/** Brings an opened database to this release's schema, waiting for members that have not been upgraded (`spec/core-api.md` 20.5). */
import path from 'node:path';
import type { DqliteDataSource } from '@microcluster/dqlite';
import {
  applyGlobalPatch,
  applySchemaUpdates,
  checkExtensions,
  checkVersions,
  exchangeReleases,
  storedVersions,
  executorOf,
  sessionsOf,
  type SchemaVersions,
  type VersionCheck,
} from '../database/index.js';
import { MicroclusterError } from '../errors/index.js';
import type { ParsedDaemonArgs } from '../options/index.js';
import type { UpgradeBell } from './upgrade-bell.js';

/** A member that is waiting looks again after this long even when nobody rings, milliseconds. */
const WAIT_LIMIT = 30_000;
/** Schema updates and patches may rebuild large tables; one statement may take this long, milliseconds. */
const UPDATE_LIMIT = 60 * 60_000;
/** File of statements that are run once at the next start (`spec/core-api.md` 20.7). */
const PATCH_FILE = 'patch.global.sql';

/** Told when a member has come up with newer versions than it had stored. */
export type OnUpgraded = (member: string, from: SchemaVersions, to: SchemaVersions) => void;

/** Checks versions and applies schema updates. */
export class SchemaGate {
  constructor(
    private readonly args: ParsedDaemonArgs,
    private readonly dataSource: DqliteDataSource,
    /** The versions that this release knows. */
    readonly versions: SchemaVersions,
    /** This release's API extensions, internal ones first. */
    readonly extensions: readonly string[],
    private readonly bell: UpgradeBell,
    private readonly onUpgraded: OnUpgraded = () => undefined,
  ) {}

  /** Applies every update to a fresh database, without asking anybody (`spec/core-api.md` 20.6). */
  async apply(): Promise<void> {
    await this.dataSource.withOptions({ deadlineMs: UPDATE_LIMIT }, () =>
      sessionsOf(this.dataSource)((session) =>
        applySchemaUpdates(session, {
          extensions: this.extensions,
          external: this.args.extensionsSchema,
        }),
      ),
    );
  }

  /**
   * Writes this member's release into its row, and applies missing updates once every member has them.
   *
   * @param name this member's name; its row must exist
   * @param waiting told each time how many members are still waited for
   * @throws MicroclusterError when this member is the one that is behind
   */
  async pass(name: string, signal: AbortSignal, waiting: (members: number) => void): Promise<void> {
    await this.applyPatch();
    const before = await this.storedVersions(name);
    await this.until(signal, waiting, () => this.compare(name, 'versions'));
    await this.apply();
    await this.until(signal, waiting, () => this.compare(name, 'extensions'));
    if (before !== undefined && isNewer(this.versions, before)) {
      this.onUpgraded(name, before, this.versions);
    }
  }

  /** What this member stored about itself when it ran last. */
  private storedVersions(name: string): Promise<SchemaVersions | undefined> {
    return this.dataSource.transaction((manager) => storedVersions(executorOf(manager), name));
  }

  private async applyPatch(): Promise<void> {
    const file = path.join(this.args.stateDir, PATCH_FILE);
    await this.dataSource.withOptions({ deadlineMs: UPDATE_LIMIT }, () =>
      sessionsOf(this.dataSource)((session) => applyGlobalPatch(session, file)),
    );
  }

  private async until(
    signal: AbortSignal,
    waiting: (members: number) => void,
    compare: () => Promise<VersionCheck>,
  ): Promise<void> {
    for (;;) {
      const check = await compare();
      if (check.kind === 'proceed') {
        return;
      }
      if (check.kind === 'behind') {
        throw new MicroclusterError('FAILED', { reason: check.message });
      }
      waiting(check.blockedBy.length);
      await this.bell.wait(WAIT_LIMIT, signal);
    }
  }

  private compare(name: string, what: 'versions' | 'extensions'): Promise<VersionCheck> {
    return this.dataSource.transaction(async (manager) => {
      const own = { name, versions: this.versions, extensions: this.extensions };
      const rows = await exchangeReleases(executorOf(manager), own);
      return what === 'versions'
        ? checkVersions(this.versions, rows)
        : checkExtensions(this.extensions, rows);
    });
  }
}

function isNewer(versions: SchemaVersions, before: SchemaVersions): boolean {
  return versions.internal > before.internal || versions.external > before.external;
}
