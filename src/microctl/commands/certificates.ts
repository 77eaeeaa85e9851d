/** `microctl certificates`: replaces a certificate of the cluster, of an additional server, or of this member. */
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
  const body = await wireOf(files);
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

/** Replaces the certificate by which this member is known to the others; without files the daemon makes it. */
export async function renewCertificate(settings: Settings, files?: KeyPairFiles): Promise<void> {
  const body = files === undefined ? undefined : await wireOf(files);
  await withProgress(settings, 'Replacing the certificate of this member', () =>
    withDaemon(settings, (daemon) =>
      daemon.request('POST', '/core/control/certificate', body === undefined ? {} : { body }),
    ),
  );
}

async function wireOf({ certificate, key, ca }: KeyPairFiles) {
  return {
    cert: await read(certificate),
    key: await read(key),
    ca: ca === undefined ? '' : await read(ca),
  };
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(`Cannot read "${file}": check the path and your permissions`, { cause: error });
  }
}
