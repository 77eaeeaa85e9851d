/** Brings an opened database to this release's schema, waiting for members that have not been upgraded (`spec/core-api.md` 20.5). */
import path from 'node:path';
import type { DqliteDataSource } from '@microcluster/dqlite';
import type { EntityManager } from 'typeorm';
import {
  applyGlobalPatch,
  applySchemaUpdates,
  checkRelease,
  exchangeReleases,
  storedVersions,
  executorOf,
  sessionsOf,
  type MemberRelease,
  type Release,
  type SchemaVersions,
  type UpgradePhase,
} from '../database/index.js';
import { MicroclusterError } from '../errors/index.js';
import type { ParsedDaemonArgs } from '../options/index.js';
import { awaitUpgrade } from './await-upgrade.js';
import type { UpgradeBell } from './upgrade-bell.js';

/** Schema updates and patches may rebuild large tables; one statement may take this long, milliseconds. */
const UPDATE_LIMIT = 60 * 60_000;
/**
 * Another member may be updating, and keeps the database locked until it has finished. Members that start together
 * also lose leaders: what is compared or updated a second time finds what the first has stored.
 */
const AS_OFTEN_AS_NEEDED = { deadlineMs: UPDATE_LIMIT, idempotent: true };
/** File of statements that are run once at the next start (`spec/core-api.md` 20.7). */
const PATCH_FILE = 'patch.global.sql';

/** Told when a member has come up with newer versions than it had stored. */
export type OnUpgraded = (member: string, from: SchemaVersions, to: SchemaVersions) => void;
/** Told the names of the members that are waited for. */
export type Waiting = (blockedBy: readonly string[]) => void;

/** Checks versions and applies schema updates. */
export class SchemaGate implements Release {
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
    const update = () =>
      sessionsOf(this.dataSource)((session) =>
        applySchemaUpdates(session, {
          extensions: this.extensions,
          external: this.args.extensionsSchema,
        }),
      );
    const applied = await this.dataSource.retrying(update, AS_OFTEN_AS_NEEDED);
    if (applied.internal.length + applied.external.length > 0) {
      this.args.logger.log({ event: 'schema-updated', ...applied });
    }
  }

  /**
   * Writes this member's release into its row, and applies missing updates once every member has them.
   *
   * @param name this member's name; its row must exist
   * @param waiting told the names of those that are still waited for, each time that they were looked for
   * @throws MicroclusterError when this member is the one that is behind; SchemaUpdateError when an update fails
   */
  async pass(name: string, signal: AbortSignal, waiting: Waiting): Promise<void> {
    await this.applyPatch();
    const before = await this.storedVersions(name);
    const steps = {
      compare: (phase: UpgradePhase) => this.compare(phase, name),
      update: () => this.apply(),
    };
    await awaitUpgrade(steps, this.bell, signal, waiting);
    if (before !== undefined && isNewer(this.versions, before)) {
      this.onUpgraded(name, before, this.versions);
    }
  }

  /** What this member stored about itself when it ran last. */
  private storedVersions(name: string): Promise<SchemaVersions | undefined> {
    const read = () =>
      this.dataSource.readTransaction((manager) => storedVersions(executorOf(manager), name));
    return this.dataSource.retrying(read, {
      deadlineMs: this.args.timeouts.ready,
      idempotent: true,
    });
  }

  /** The members that hold up this release, by their rows. @param members all rows */
  blockers(members: readonly MemberRelease[]): readonly string[] {
    const checks = [
      checkRelease('schema', this, members),
      checkRelease('extensions', this, members),
    ];
    return [...new Set(checks.flatMap((check) => (check.kind === 'wait' ? check.blockedBy : [])))];
  }

  private async applyPatch(): Promise<void> {
    const file = path.join(this.args.stateDir, PATCH_FILE);
    await this.dataSource.withOptions({ deadlineMs: UPDATE_LIMIT }, () =>
      sessionsOf(this.dataSource)((session) => applyGlobalPatch(session, file)),
    );
  }

  private compare(phase: UpgradePhase, name: string): Promise<readonly string[]> {
    const { versions, extensions } = this;
    const exchange = async (manager: EntityManager) => {
      const own = { name, versions, extensions };
      const check = checkRelease(phase, own, await exchangeReleases(executorOf(manager), own));
      if (check.kind === 'behind') {
        this.args.logger.warn({ event: 'release-behind', newer: check.newer });
        // Rolls back, so that nobody waits for the version that this release would have stored.
        throw new MicroclusterError('FAILED', { reason: check.message });
      }
      return check.kind === 'wait' ? check.blockedBy : [];
    };
    return this.dataSource.retryableTransaction(exchange, AS_OFTEN_AS_NEEDED);
  }
}

function isNewer(versions: SchemaVersions, before: SchemaVersions): boolean {
  return versions.internal > before.internal || versions.external > before.external;
}
