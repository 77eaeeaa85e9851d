/** Logs and state of a cluster's members: removed in the end, or kept and shown when something has failed. */
import { keepTemporaryDirectory, removeTemporaryDirectory } from '../temporary-directory.js';
import type { ClusterMember } from './cluster-member.js';

/** Lines of each member's log that an error shows. */
const SHOWN_LINES = 15;
/** Set to keep logs and state of every cluster. */
const KEEP_VARIABLE = 'MICROCLUSTER_KEEP_TEST_FILES';

export class ClusterFiles {
  private isKept = process.env[KEEP_VARIABLE] !== undefined;

  constructor(
    /** Holds the members' state directories and logs. */
    readonly directory: string,
    private readonly members: readonly ClusterMember[],
  ) {}

  /** Leaves them to whoever wants to look at them. */
  keep(): void {
    this.isKept = true;
  }

  /** Keeps them, and adds to the message of an error what the members logged last. */
  explain(error: unknown): Error {
    if (error instanceof Explained) return error;
    this.keep();
    const logs = this.members.map(
      (member) => `--- ${member.name} (${member.state})\n${member.logs(SHOWN_LINES)}`,
    );
    const message = error instanceof Error ? error.message : String(error);
    return new Explained(
      `${message}\n\nLogs and state of the members are in ${this.directory}\n${logs.join('\n')}`,
      { cause: error },
    );
  }

  /** Removes them, or says where they are. */
  async close(): Promise<void> {
    if (this.isKept) {
      keepTemporaryDirectory(this.directory);
      process.stderr.write(`Logs and state of the test cluster are kept in ${this.directory}\n`);
    } else {
      await removeTemporaryDirectory(this.directory);
    }
  }
}

/** An error that already shows logs. */
class Explained extends Error {
  override readonly name = 'TestClusterError';
}
