/** The members whose certificates are trusted: an index in memory over one file per member (`spec/core-api.md` 1.4). */
import path from 'node:path';
import { fingerprintOf } from '../certificates/inspect.js';
import { MicroclusterError } from '../errors/microcluster-error.js';
import { Address } from '../types/address.js';
import { AnnouncedCertificates } from './announced-certificates.js';
import { DirectoryWatcher } from './directory-watcher.js';
import {
  deleteTrustFiles,
  finishReplacement,
  readTrustFiles,
  replaceTrustFiles,
  sameEntry,
  trustFileName,
  writeTrustFile,
  type TrustFiles,
} from './trust-files.js';
import { trustEntry, type TrustEntry, type TrustedMember } from './trusted-member.js';

/** Where the store says what an operator should know; a Nest logger fits. */
export interface TrustLogger {
  warn(message: unknown): void;
}

export interface TrustStoreOptions {
  /** Default: silence. */
  readonly logger?: TrustLogger;
}

export interface ReplaceOptions {
  /** Names that the new list must contain, such as our own and the sender's; without them it is refused. */
  readonly required?: readonly string[];
}

/**
 * Follows its directory: files edited by hand take effect at once. A file that does not parse keeps its last
 * good entry, and a directory found empty does not empty the store.
 */
export class TrustStore {
  readonly #directory: string;
  readonly #logger: TrustLogger;
  readonly #listeners = new Set<(members: readonly TrustEntry[]) => void>();
  /** The last good entry of each file. */
  #files: ReadonlyMap<string, TrustEntry> = new Map();
  #byName: ReadonlyMap<string, TrustEntry> = new Map();
  #byAddress: ReadonlyMap<string, TrustEntry> = new Map();
  #byFingerprint: ReadonlyMap<string, TrustEntry> = new Map();
  readonly #announced = new AnnouncedCertificates(() => this.#tell());
  /** Faults that were logged already, so that each is logged once. */
  #knownFaults: ReadonlyMap<string, string> = new Map();
  #watcher: DirectoryWatcher | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(directory: string, options: TrustStoreOptions) {
    this.#directory = directory;
    this.#logger = options.logger ?? { warn: () => undefined };
  }

  /** Opens an existing directory: completes a replacement that a crash interrupted, loads, and starts to watch. */
  static async open(directory: string, options: TrustStoreOptions = {}): Promise<TrustStore> {
    const store = new TrustStore(directory, options);
    // Watching first: what changes during the load is seen afterwards.
    store.#watcher = new DirectoryWatcher(
      directory,
      () =>
        void store
          .reload()
          .catch((error: unknown) => store.#warn('trust-reload-failed', { error })),
      (error) => store.#warn('trust-watch-degraded', { error }),
    );
    try {
      await store.reload();
    } catch (error) {
      await store.close();
      throw error;
    }
    return store;
  }

  /** All members, ordered by name. */
  list(): TrustEntry[] {
    return [...this.#byName.values()];
  }

  byName(name: string): TrustEntry | undefined {
    return this.#byName.get(name);
  }

  /** @param address in any spelling */
  byAddress(address: string): TrustEntry | undefined {
    return this.#byAddress.get(Address.tryParse(address)?.toString() ?? address);
  }

  /** @param fingerprint lower-case hex SHA-256 of the certificate's DER */
  byFingerprint(fingerprint: string): TrustEntry | undefined {
    const entry = this.#byFingerprint.get(fingerprint);
    if (entry !== undefined) return entry;
    const announced = this.#announced.find(fingerprint);
    const member = announced === undefined ? undefined : this.#byName.get(announced.name);
    if (announced === undefined || member === undefined) return undefined;
    return { ...member, certificate: announced.certificate, fingerprint };
  }

  /** Every certificate, PEM, by which a member is believed: those of {@link list}, and those that were announced. */
  certificates(): string[] {
    const own = this.list().map(({ certificate }) => certificate);
    const announced = this.#announced.certificatesOf(new Set(this.#byName.keys()));
    return [...new Set([...own, ...announced])];
  }

  /**
   * Believes a member by `certificate`, PEM, as well as by its present one, for as long as `limitMs`: it is
   * about to replace it. Nothing is written; who leaves the store is believed by neither.
   *
   * @throws MicroclusterError `RECORD_NOT_FOUND` when nobody called `name` is trusted
   */
  announce(name: string, certificate: string, limitMs: number): void {
    const member = this.#byName.get(name);
    if (member === undefined) {
      throw new MicroclusterError('RECORD_NOT_FOUND', { what: `Trusted member "${name}"` });
    }
    this.#announced.add(name, member.certificate, member.fingerprint, limitMs);
    this.#announced.add(name, certificate, fingerprintOf(certificate), limitMs);
  }

  /** Calls `listener` after each change, whoever made it. @returns a function that ends this */
  onChange(listener: (members: readonly TrustEntry[]) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Adds a member.
   *
   * @throws MicroclusterError `CONFLICT` when its name is taken; InvalidValueError when it is not valid
   */
  async add(member: TrustedMember): Promise<void> {
    const entry = trustEntry(member);
    await this.#exclusive(async () => {
      this.#adopt(await this.#read());
      const file = trustFileName(entry.name);
      if (this.#byName.has(entry.name)) {
        throw conflict(`A remote with name "${entry.name}" already exists`);
      }
      if (this.#files.has(file)) {
        throw conflict(`Remote at "${path.join(this.#directory, file)}" already exists`);
      }
      await writeTrustFile(this.#directory, entry);
      this.#set(new Map([...this.#files, [file, entry]]));
    });
  }

  /**
   * Replaces all members at once: after a crash, either all old ones or all new ones are found. Does not touch
   * the disk when nothing changes.
   *
   * @throws MicroclusterError `BAD_REQUEST` when the list is empty, names a member twice or lacks a required
   *   one; InvalidValueError when an entry is not valid. The store is as before then.
   */
  async replace(members: readonly TrustedMember[], options: ReplaceOptions = {}): Promise<void> {
    const entries = members.map(trustEntry);
    const files = new Map(entries.map((entry) => [trustFileName(entry.name), entry]));
    if (entries.length === 0) throw badRequest('Received empty remotes');
    if (files.size < entries.length) throw badRequest('Received remotes with equal names');
    for (const name of options.required ?? []) {
      if (!files.has(trustFileName(name))) {
        throw badRequest(`Received remotes without "${name}", which must stay trusted`);
      }
    }
    await this.#exclusive(async () => {
      const current = await this.#read();
      if (current.faults.size > 0 || !sameFiles(current.entries, files)) {
        await replaceTrustFiles(this.#directory, entries);
      }
      this.#set(files);
    });
  }

  /**
   * Removes a member.
   *
   * @returns whether it was there
   * @throws MicroclusterError `BAD_REQUEST` when it is the last one
   */
  async remove(name: string): Promise<boolean> {
    return this.#exclusive(async () => {
      this.#adopt(await this.#read());
      if (!this.#byName.has(name)) return false;
      const rest = new Map([...this.#files].filter(([, entry]) => entry.name !== name));
      if (rest.size === 0) throw badRequest('Received empty remotes');
      const gone = [...this.#files.keys()].filter((file) => !rest.has(file));
      await deleteTrustFiles(this.#directory, gone);
      this.#set(rest);
      return true;
    });
  }

  /** Reads the directory again. */
  async reload(): Promise<void> {
    await this.#exclusive(async () => this.#adopt(await this.#read()));
  }

  /** Forgets what is in memory and takes what the directory holds, also nothing: for use after a wipe. */
  async reset(): Promise<void> {
    await this.#exclusive(async () => {
      this.#announced.clear();
      this.#set(new Map());
      this.#adopt(await this.#read());
    });
  }

  /** Stops watching and waits for a change in progress; lookups go on working. Idempotent. */
  async close(): Promise<void> {
    this.#watcher?.close();
    this.#closed = true;
    this.#announced.clear();
    this.#listeners.clear();
    await this.#queue;
  }

  /** Reads the directory, after completing a replacement that a crash or a full disk interrupted. */
  async #read(): Promise<TrustFiles> {
    const fault = await finishReplacement(this.#directory);
    if (fault !== undefined) this.#warn('trust-plan-unreadable', { error: fault.message });
    return readTrustFiles(this.#directory);
  }

  /** Takes over what was read; where a file is not valid, its last good entry stays. */
  #adopt(read: TrustFiles): void {
    this.#reportFaults(read.faults);
    const files = new Map(read.entries);
    for (const file of read.faults.keys()) {
      const lastGood = this.#files.get(file);
      if (lastGood !== undefined) files.set(file, lastGood);
    }
    if (files.size === 0 && this.#files.size > 0) {
      this.#warn('trust-files-missing', { directory: this.#directory, kept: this.#files.size });
      return;
    }
    this.#set(files);
  }

  #set(files: ReadonlyMap<string, TrustEntry>): void {
    const changed = !sameFiles(this.#files, files);
    this.#files = files;
    if (!changed) return;
    const entries = [...files].toSorted(([a], [b]) => (a < b ? -1 : 1));
    // Of two files with one name, the one that is named after it counts.
    const named = entries.toSorted(
      ([a, x], [b, y]) => Number(a === trustFileName(x.name)) - Number(b === trustFileName(y.name)),
    );
    const byName = new Map(named.map(([, entry]) => [entry.name, entry]));
    const members = [...byName.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
    this.#byName = new Map(members.map((entry) => [entry.name, entry]));
    this.#byAddress = new Map(members.map((entry) => [entry.address, entry]));
    this.#byFingerprint = new Map(members.map((entry) => [entry.fingerprint, entry]));
    this.#tell();
  }

  #tell(): void {
    const members = this.list();
    for (const listener of this.#listeners) {
      try {
        listener(members);
      } catch (error) {
        this.#warn('trust-listener-failed', { error });
      }
    }
  }

  #reportFaults(faults: ReadonlyMap<string, Error>): void {
    for (const [file, fault] of faults) {
      if (this.#knownFaults.get(file) === fault.message) continue;
      const kept = this.#files.has(file);
      const location = path.join(this.#directory, file);
      this.#warn('trust-file-invalid', {
        file: location,
        error: fault.message,
        lastGoodKept: kept,
      });
    }
    this.#knownFaults = new Map([...faults].map(([file, fault]) => [file, fault.message]));
  }

  #warn(event: string, fields: Readonly<Record<string, unknown>>): void {
    this.#logger.warn({ event, ...fields });
  }

  /** Runs changes one after the other. */
  #exclusive<T>(change: () => Promise<T>): Promise<T> {
    const run = this.#queue.then(() => {
      if (this.#closed) {
        throw new MicroclusterError('UNAVAILABLE', { reason: 'The trust store is closed' });
      }
      return change();
    });
    this.#queue = run.catch(() => undefined);
    return run;
  }
}

function sameFiles(
  a: ReadonlyMap<string, TrustEntry>,
  b: ReadonlyMap<string, TrustEntry>,
): boolean {
  if (a.size !== b.size) return false;
  return [...a].every(([file, entry]) => {
    const other = b.get(file);
    return other !== undefined && sameEntry(entry, other);
  });
}

function conflict(reason: string): MicroclusterError {
  return new MicroclusterError('CONFLICT', { reason });
}

function badRequest(reason: string): MicroclusterError {
  return new MicroclusterError('BAD_REQUEST', { reason });
}
