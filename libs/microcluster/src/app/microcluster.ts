/** One daemon, seen from its state directory: the calls behind a command line (`spec/core-api.md` 23.4). */
import path from 'node:path';
import type { Type } from '@nestjs/common';
import type { BackupHeader } from '../backup/backup-format.js';
import { MicroclusterClient } from '../client/microcluster-client.js';
import type { RequestOptions } from '../client/exchange.js';
import type { CollectOptions } from '../doctor/collect.js';
import type { Finding, Fix } from '../doctor/finding.js';
import type { RemovalPlan } from '../doctor/removal-plan.js';
import type { RunDaemonOptions } from '../module/run-daemon.js';
import type { DqliteMember, RecoveryOptions, RecoveryOutcome } from '../recovery/index.js';
import { durationFromMilliseconds } from '../types/duration.js';
import type {
  ClusterMember,
  Server,
  SkippedStep,
  SqlBatch,
  TokenRecord,
  WireKeyPair,
} from '../types/schemas.js';
import type { RestoredBackup } from './backups.js';
import { readMemberCredentials } from './member-files.js';
import { untilReady, type WaitOptions } from './until-ready.js';

/** What can be said about any call. */
export type CallOptions = Pick<RequestOptions, 'signal' | 'timeoutMs'>;

/** What a new or joining member is told besides its name and address. */
export interface InitialiseOptions extends CallOptions {
  /** Settings for the hooks. */
  readonly config?: Readonly<Record<string, string>>;
}

/** What the doctor found. */
export interface Diagnosis {
  /** The most severe first; none when all is well. */
  readonly findings: readonly Finding[];
  /** How many machines were looked at. */
  readonly members: number;
}

/** Bootstrap and join wait for disks and elections: this long by default, milliseconds. */
const INITIALISE_TIMEOUT_MS = 300_000;
/** A removal runs hooks and changes roles: this long by default, milliseconds. */
const REMOVE_TIMEOUT_MS = 300_000;
/** Replacing a certificate asks every member: this long by default, milliseconds. */
const CERTIFICATE_TIMEOUT_MS = 300_000;
/** A shutdown hands over and drains: this long by default, milliseconds. */
const SHUTDOWN_TIMEOUT_MS = 120_000;
/** What a token lives for unless told otherwise, milliseconds. */
const TOKEN_LIFETIME_MS = 3 * 60 * 60 * 1_000;

/**
 * The daemon of one state directory. Holds nothing open: every call opens a connection to the control socket
 * and ends it. Importing it loads neither Nest nor an HTTP client.
 *
 * Every call takes `timeoutMs` (milliseconds, 0 for none) and a `signal`, and rejects with a
 * `MicroclusterClientError`: the daemon's own status and text, or why it could not be asked.
 *
 * @example
 * const app = new Microcluster('/var/lib/itemsd');
 * await app.newCluster('c1', '10.0.0.1:8443');
 * const token = await app.newJoinToken('c2');
 */
export class Microcluster {
  /** Absolute path of the state directory. */
  readonly stateDir: string;

  /** @throws TypeError when `stateDir` is empty */
  constructor(stateDir: string) {
    if (stateDir === '') throw new TypeError('Missing state directory');
    this.stateDir = path.resolve(stateDir);
  }

  /** Path of the control socket. */
  get socketPath(): string {
    return path.join(this.stateDir, 'control.socket');
  }

  /**
   * Runs the daemon in this process until a signal or {@link shutdown} ends it, and then ends the process.
   * Loads Nest.
   *
   * @param application makes the module whose `MicroclusterModule` has this `stateDir`
   */
  async start(
    application: (stateDir: string) => Type | Promise<Type>,
    options?: RunDaemonOptions,
  ): Promise<void> {
    const { runDaemon } = await import('../module/run-daemon.js');
    await runDaemon(await application(this.stateDir), options);
  }

  /** Name, address, version and extensions of the daemon; `ready` tells whether its database is open. */
  status(options?: CallOptions): Promise<Server> {
    return this.#ask((client) => client.serverInfo(options));
  }

  /**
   * Waits until the daemon has started completely, which an uninitialised one has too; also for a daemon that
   * has yet to be started.
   *
   * @param options.timeoutMs limit of the whole wait, milliseconds; 0, the default, waits for ever
   */
  ready(options: WaitOptions = {}): Promise<void> {
    return untilReady((timeoutMs, signal) => this.#isReady(timeoutMs, signal), options);
  }

  /** Makes the daemon the first member, `name` at `address` (`ip:port`), of a new cluster. Default limit 5 minutes. */
  newCluster(name: string, address: string, options: InitialiseOptions = {}): Promise<void> {
    return this.#initialise({ name, address, bootstrap: true, join_token: '' }, options);
  }

  /** Makes the daemon a member, `name` at `address` (`ip:port`), of the cluster of `token`. Default limit 5 minutes. */
  joinCluster(
    name: string,
    address: string,
    token: string,
    options: InitialiseOptions = {},
  ): Promise<void> {
    return this.#initialise({ name, address, bootstrap: false, join_token: token }, options);
  }

  /**
   * A token with which the machine `name` can join once.
   *
   * @param options.anyName the joiner may choose its name; the token's is then only a label. Default `false`.
   *   Needs a leader that is not a member in Go.
   * @param options.expireAfterMs how long it is valid, milliseconds; 0 is for ever. Default 3 hours.
   */
  newJoinToken(
    name: string,
    options: CallOptions & { readonly expireAfterMs?: number; readonly anyName?: boolean } = {},
  ): Promise<string> {
    const { expireAfterMs = TOKEN_LIFETIME_MS, anyName, ...call } = options;
    const expire_after = durationFromMilliseconds(expireAfterMs);
    const request = { name, expire_after, ...(anyName === true && { any_name: true }) };
    return this.#ask((client) => client.issueToken(request, call));
  }

  /** The tokens that can still be used. */
  listJoinTokens(options?: CallOptions): Promise<TokenRecord[]> {
    return this.#ask((client) => client.listTokens(options));
  }

  /** Makes the token of `name` useless. @throws MicroclusterClientError 404 when there is none */
  revokeJoinToken(name: string, options?: CallOptions): Promise<void> {
    return this.#ask((client) => client.revokeToken(name, options));
  }

  /** All members with role and status. */
  getClusterMembers(options?: CallOptions): Promise<ClusterMember[]> {
    return this.#ask((client) => client.clusterMembers(options));
  }

  /**
   * Removes a member. Default limit 5 minutes.
   *
   * @param options.address `ip:port` of a member that only the database knows
   * @param options.force go on where a step fails, as when the member cannot be reached
   * @returns the steps that were skipped, and why; usually none without `force`
   */
  removeClusterMember(
    name: string,
    options: CallOptions & { readonly address?: string; readonly force?: boolean } = {},
  ): Promise<readonly SkippedStep[]> {
    return this.#ask((client) =>
      client.removeMember(name, { timeoutMs: REMOVE_TIMEOUT_MS, ...options }),
    );
  }

  /**
   * Runs statements on the cluster's database.
   *
   * @param options.transaction run all in one transaction. Default `false`: each is its own.
   */
  sql(
    query: string,
    options?: CallOptions & { readonly transaction?: boolean },
  ): Promise<SqlBatch> {
    return this.#ask((client) => client.sqlBatch(query, options));
  }

  /**
   * Replaces the member's own certificate, by which the others know it, without a failed request. Default
   * limit 5 minutes.
   *
   * @param pair the new one, PEM; without it the daemon makes one that is valid for ten years
   */
  replaceOwnCertificate(pair?: WireKeyPair, options?: CallOptions): Promise<void> {
    return this.#ask((client) =>
      client.replaceOwnCertificate(pair, { timeoutMs: CERTIFICATE_TIMEOUT_MS, ...options }),
    );
  }

  /** Stops the daemon; resolves when it has handed over and closed its database. Default limit 2 minutes. */
  shutdown(options?: CallOptions): Promise<void> {
    return this.#ask((client) => client.shutdown({ timeoutMs: SHUTDOWN_TIMEOUT_MS, ...options }));
  }

  /**
   * Compares what all members know, and says what is not as it should be; see `microctl doctor`. Asks every
   * member at once, and works as far as possible also while the daemon or the database is down.
   *
   * @param options.questionMs limit of one question, milliseconds. Default 5,000.
   */
  async diagnose(options?: CollectOptions): Promise<Diagnosis> {
    const { collectFacts, diagnose } = await import('../doctor/index.js');
    const facts = await collectFacts(this, options);
    return { findings: diagnose(facts), members: facts.members.length };
  }

  /** Carries out the repair of a finding. @throws Error saying why it was not possible */
  async repair(fix: Fix, options?: CallOptions): Promise<void> {
    const { applyFix } = await import('../doctor/index.js');
    await applyFix(this, fix, options);
  }

  /**
   * What {@link removeClusterMember} would do to quorum and roles. Changes nothing.
   *
   * @throws Error when nobody can read the member table, or nobody is called `name`
   */
  async planRemoval(name: string, options?: CollectOptions): Promise<RemovalPlan> {
    const { collectFacts, planRemovalBy } = await import('../doctor/index.js');
    return planRemovalBy(await collectFacts(this, options), name);
  }

  /**
   * The members as the files of this state directory tell them; works without a daemon.
   *
   * @throws MicroclusterError when the directory holds no member, or a file that cannot be read, which it names
   */
  async getDqliteClusterMembers(): Promise<DqliteMember[]> {
    const { readOfflineMembers } = await import('../recovery/index.js');
    return readOfflineMembers(this.stateDir);
  }

  /**
   * Lets the cluster go on with the data of this member after a majority is lost: gives it `members`, the
   * list of {@link getDqliteClusterMembers} with other addresses or roles. No daemon of the cluster may run.
   * A call that was interrupted is completed by the next one, or by the next start of the daemon.
   *
   * @returns where the archive is that the other members need before they are started, and where the backup
   * @throws MicroclusterError saying why not; nothing has changed then
   */
  async recoverFromQuorumLoss(
    members: readonly DqliteMember[],
    options?: RecoveryOptions,
  ): Promise<RecoveryOutcome> {
    const { recoverFromQuorumLoss } = await import('../recovery/index.js');
    return recoverFromQuorumLoss(this.stateDir, members, options);
  }

  /**
   * Writes a backup of the database to `file`, mode 0600, as a whole or not at all: through the daemon, which
   * goes on writing, or from the files when no daemon runs. No limit by default.
   *
   * @returns what the backup says of itself
   */
  backUp(file: string, options: CallOptions = {}): Promise<BackupHeader> {
    const target = path.resolve(file);
    return this.#ask(async (client) => {
      const { backUpTo } = await import('./backups.js');
      return backUpTo(this.stateDir, client, target, { timeoutMs: 0, ...options });
    });
  }

  /**
   * Reads a backup from its first byte to its last.
   *
   * @throws MicroclusterError when it is none, or damaged
   */
  async checkBackup(
    file: string,
    options: Pick<CallOptions, 'signal'> = {},
  ): Promise<BackupHeader> {
    const { checkBackup } = await import('./backups.js');
    return checkBackup(file, options.signal);
  }

  /**
   * Replaces the application's tables by those of a backup, for the whole cluster, in one transaction. Members
   * and tokens stay the cluster's own. No limit by default.
   *
   * @throws MicroclusterClientError with the daemon's reason; nothing has changed then
   */
  restore(file: string, options: CallOptions = {}): Promise<RestoredBackup> {
    return this.#ask(async (client) => {
      const { restoreFrom } = await import('./backups.js');
      return restoreFrom(client, file, options);
    });
  }

  /** A client of the daemon's control socket; close it after use. */
  localClient(options: { readonly timeoutMs?: number } = {}): MicroclusterClient {
    return new MicroclusterClient({ ...options, socketPath: this.socketPath });
  }

  /**
   * A client of the member at `address` (`ip:port`), with this member's identity; close it after use. Needs
   * permission to read the member's private key.
   *
   * @param options.trusted certificate, PEM, that the member must show. Default: the cluster's.
   * @throws MicroclusterClientError when the key pair or the cluster certificate cannot be read
   */
  async remoteClient(
    address: string,
    options: { readonly timeoutMs?: number; readonly trusted?: string } = {},
  ): Promise<MicroclusterClient> {
    return new MicroclusterClient({
      address,
      ...(await readMemberCredentials(this.stateDir)),
      ...options,
    });
  }

  #initialise(
    member: {
      readonly name: string;
      readonly address: string;
      readonly bootstrap: boolean;
      readonly join_token: string;
    },
    { config = {}, ...call }: InitialiseOptions,
  ): Promise<void> {
    const control = { ...member, config: { ...config } };
    return this.#ask((client) =>
      client.control(control, { timeoutMs: INITIALISE_TIMEOUT_MS, ...call }),
    );
  }

  async #isReady(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    await this.#ask((client) =>
      client.ready({ timeoutMs, ...(signal === undefined ? {} : { signal }) }),
    );
  }

  async #ask<T>(question: (client: MicroclusterClient) => Promise<T>): Promise<T> {
    const client = this.localClient();
    try {
      return await question(client);
    } finally {
      await client.close();
    }
  }
}
