/** The directory that holds everything a member must remember (`spec/core-api.md` 1). */
import path from 'node:path';
import { MicroclusterError } from '../errors/microcluster-error.js';
import type { DaemonConfig } from '../types/schemas.js';
import { readDaemonConfigFile, writeDaemonConfigFile } from './daemon-config.js';
import { acquireStateLock, type StateLock } from './state-lock.js';
import { finishWipe, wipeState } from './wipe.js';
import { createDirectory, removeTemporaryFiles } from './write-file-atomic.js';

/** The kernel's limit of a unix socket path, without the final zero byte. */
const MAX_SOCKET_PATH_BYTES = 107;

/** An open state directory; at most one daemon has it open. */
export class StateDirectory {
  private constructor(
    /** Absolute path. */
    readonly path: string,
    private readonly lock: StateLock,
  ) {}

  /**
   * Creates the directory and its parts where they are missing, takes it for this daemon, and completes a
   * wipe that a crash interrupted.
   *
   * @throws MicroclusterError when another daemon has it open, or the path is too long for a control socket
   */
  static async open(directory: string): Promise<StateDirectory> {
    const root = path.resolve(directory);
    const socketBytes = Buffer.byteLength(path.join(root, 'control.socket'));
    if (socketBytes > MAX_SOCKET_PATH_BYTES) {
      const excess = socketBytes - MAX_SOCKET_PATH_BYTES;
      const reason = `The path of the state directory ${root} is ${excess} bytes too long for a unix socket in it; choose a shorter one`;
      throw new MicroclusterError('BAD_REQUEST', { reason });
    }
    await createDirectory(root, 0o711);
    const lock = acquireStateLock(root);
    const state = new StateDirectory(root, lock);
    try {
      await finishWipe(root);
      await state.createParts();
      for (const part of [root, ...state.parts]) await removeTemporaryFiles(part);
    } catch (error) {
      lock.release();
      throw error;
    }
    return state;
  }

  /** Where the database engine keeps its files. */
  get databasePath(): string {
    return path.join(this.path, 'database');
  }

  /** Where the trust store keeps one file per member. */
  get truststorePath(): string {
    return path.join(this.path, 'truststore');
  }

  /** Where key pairs of additional servers are. */
  get certificatesPath(): string {
    return path.join(this.path, 'certificates');
  }

  get controlSocketPath(): string {
    return path.join(this.path, 'control.socket');
  }

  get daemonConfigPath(): string {
    return path.join(this.path, 'daemon.yaml');
  }

  /**
   * What `daemon.yaml` says; undefined before initialisation.
   *
   * @throws MicroclusterError `STATE_FILE_UNREADABLE`
   */
  readDaemonConfig(): Promise<DaemonConfig | undefined> {
    return readDaemonConfigFile(this.daemonConfigPath);
  }

  /** Replaces `daemon.yaml` as a whole. */
  writeDaemonConfig(config: DaemonConfig): Promise<void> {
    return writeDaemonConfigFile(this.daemonConfigPath, config);
  }

  /**
   * Forgets the member: afterwards the directory is as after the first {@link StateDirectory.open}, and files
   * that are not ours are still there. Whoever uses files in it must have closed them; it stays open and locked.
   *
   * @param keepAs name of a new directory in this one where the state is kept instead of being deleted
   */
  async wipe(keepAs?: string): Promise<void> {
    try {
      await wipeState(this.path, keepAs);
    } finally {
      await this.createParts();
    }
  }

  /** Lets other daemons have the directory; idempotent. */
  async close(): Promise<void> {
    this.lock.release();
  }

  private get parts(): string[] {
    return [this.databasePath, this.truststorePath, this.certificatesPath];
  }

  private async createParts(): Promise<void> {
    for (const part of this.parts) await createDirectory(part, 0o700);
  }
}
