/** `microctl cluster edit`: lets a cluster that has lost its majority go on with the data of this member (`spec/core-api.md` 23.3). */
import type { DqliteMember, RecoveryOutcome } from '@microcluster/nest/client';
import { appOf } from '../connection.js';
import { describeError } from '../errors.js';
import { withProgress } from '../progress.js';
import type { Settings } from '../settings.js';

const WARNING = `You should run this command only if
 - a majority of the voters is lost for good,
 - the daemons of all members are stopped, and
 - the data of this member is the newest that is left.

It gives the database of this member the list of members that you write; the data of the others is replaced
by this member's. A backup of the database is kept in the state directory.

`;

const COMMENT = `# Members of the cluster. Only address and role can be changed; role is one of voter, stand-by, spare, and at
# least one member must be a voter. Members that are lost stay in the list, as spares: remove them afterwards.
`;

/** Edits the members, on a terminal in an editor, else by the list on standard input. */
export async function editCluster(settings: Settings, isAgreed: boolean): Promise<void> {
  try {
    const outcome = await recover(settings, isAgreed);
    if (outcome !== undefined) settings.terminal.out(describe(outcome));
  } catch (cause) {
    throw new Error(`cluster edit: ${describeError(cause)}`, { cause });
  }
}

async function recover(
  settings: Settings,
  isAgreed: boolean,
): Promise<RecoveryOutcome | undefined> {
  const { terminal, signal } = settings;
  if (!terminal.isInteractive && !isAgreed) {
    throw new Error('Nobody can be asked here; pass --yes to change the cluster');
  }
  const app = await appOf(settings);
  const members = await app.getDqliteClusterMembers();
  if (terminal.isInteractive && !isAgreed) {
    terminal.err(WARNING);
    const answer = await terminal.ask('Do you want to proceed? (yes/no): ', signal);
    if (answer.trim() !== 'yes') {
      terminal.err('Cluster edit aborted; no changes made\n');
      return undefined;
    }
  }
  const edited = await editedMembers(settings, members);
  return withProgress(settings, 'Recovering the cluster', () =>
    app.recoverFromQuorumLoss(edited, { signal }),
  );
}

async function editedMembers(
  { terminal, signal }: Settings,
  members: readonly DqliteMember[],
): Promise<DqliteMember[]> {
  const { formatMembers, parseMembers } = await import('@microcluster/nest/recovery');
  if (!terminal.isInteractive)
    return parseMembers(await terminal.readInput(signal), 'The standard input');
  return parseMembers(await terminal.edit(COMMENT + formatMembers(members), signal), 'The text');
}

function describe({ tarball, backup }: RecoveryOutcome): string {
  return `Cluster changes applied; new database state saved to ${tarball}

*Before* starting any cluster member, copy ${tarball} to ${tarball} on all remaining cluster members.

The daemon loads this file at its start.
The database of this member as it was before is in ${backup}
`;
}
