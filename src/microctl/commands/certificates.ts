/** `microctl certificates`: replaces a certificate of the cluster or of an additional server. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { parseAnswer, withDaemon } from '../connection.js';
import { withProgress } from '../progress.js';
import type { Settings } from '../settings.js';

/** Why a member does not have the certificate yet, by its name; Go peers say nothing. */
const answerSchema = z.object({ members: z.record(z.string(), z.string()).optional() });

/** The files of a new key pair, all PEM. */
export interface KeyPairFiles {
  readonly certificate: string;
  readonly key: string;
  readonly ca?: string;
}

/** Sends a new key pair to all members; prints only who does not have it yet. */
export async function setCertificate(
  settings: Settings,
  name: string,
  files: KeyPairFiles,
): Promise<void> {
  const body = {
    cert: await read(files.certificate),
    key: await read(files.key),
    ca: files.ca === undefined ? '' : await read(files.ca),
  };
  const answer = await withProgress(settings, 'Replacing the certificate on all members', () =>
    withDaemon(settings, (daemon) =>
      daemon.request('PUT', `/core/1.0/cluster/certificates/${encodeURIComponent(name)}`, { body }),
    ),
  );
  const { members = {} } = parseAnswer(answerSchema, 'the new certificate', answer);
  for (const [member, reason] of Object.entries(members)) {
    settings.terminal.err(`${member}: ${reason}\n`);
  }
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(`Cannot read "${file}": check the path and your permissions`, { cause: error });
  }
}
