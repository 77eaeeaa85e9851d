/** Brings what a member keeps outside of its database to the new addresses: `daemon.yaml`, the trust store, the member table. */
import path from 'node:path';
import { readDaemonConfigFile, writeDaemonConfigFile } from '../state/daemon-config.js';
import { readIfPresent } from '../state/file-presence.js';
import { writeFileAtomic } from '../state/write-file-atomic.js';
import { finishReplacement, readTrustFiles, writeTrustFile } from '../trust/trust-files.js';
import type { RecoveredMember } from './member-records.js';

const PATCH_FILE = 'patch.global.sql';

/** Writes this member's own address into `daemon.yaml`; everything else there stays. */
export async function writeOwnAddress(stateDir: string, self: RecoveredMember): Promise<void> {
  const file = path.join(stateDir, 'daemon.yaml');
  const config = (await readDaemonConfigFile(file)) ?? { name: self.name, servers: {} };
  await writeDaemonConfigFile(file, { ...config, address: self.address });
}

/** Writes the members' addresses into the trust store; certificates, and entries of others, stay. */
export async function writeTrustedAddresses(
  stateDir: string,
  members: readonly RecoveredMember[],
): Promise<void> {
  const directory = path.join(stateDir, 'truststore');
  await finishReplacement(directory);
  const { entries } = await readTrustFiles(directory);
  for (const entry of entries.values()) {
    const address = members.find(({ name }) => name === entry.name)?.address;
    if (address === undefined || address === entry.address) continue;
    await writeTrustFile(directory, { ...entry, address });
  }
}

/** Has the member table changed at the next start, after what an operator left there for it (`spec/core-api.md` 20.7). */
export async function patchMemberTable(
  stateDir: string,
  members: readonly RecoveredMember[],
): Promise<void> {
  const file = path.join(stateDir, PATCH_FILE);
  const statements = members.map(
    ({ name, address }) =>
      `UPDATE core_cluster_members SET address = ${quoted(address)} WHERE name = ${quoted(name)};\n`,
  );
  const patch = statements.join('');
  const before = (await readIfPresent(file)) ?? '';
  if (before.endsWith(patch)) return;
  const separator = before === '' || before.endsWith('\n') ? '' : '\n';
  await writeFileAtomic(file, `${before}${separator}${patch}`, 0o644);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
