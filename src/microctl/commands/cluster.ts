/** `microctl cluster list`: shows the members. */
import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { appOf, parseAnswer, withDaemon, type Connection } from '../connection.js';
import { assertFormat, render, type Format } from '../output/render.js';
import type { Settings } from '../settings.js';

/** In the order in which the API has them, which YAML keeps. */
const member = z.looseObject({
  name: z.string(),
  address: z.string(),
  certificate: z.string(),
  role: z.string(),
  schema_internal_version: z.number(),
  schema_external_version: z.number(),
  last_heartbeat: z.string(),
  status: z.string(),
});
type Member = z.infer<typeof member>;

/** Prints what the cluster knows of its members. */
export async function listMembers(settings: Settings, format: string): Promise<void> {
  assertFormat(format);
  await withDaemon(settings, (daemon) => printMembers(settings, daemon, format));
}

/** As {@link listMembers}, over a connection that is open already. */
export async function printMembers(
  settings: Settings,
  daemon: Connection,
  format: Format,
): Promise<void> {
  const { terminal } = settings;
  const answer = await daemon.request('GET', '/core/1.0/cluster', {
    onAge: (seconds) =>
      terminal.err(
        `Warning: the database has no leader; names and roles are those of ${seconds} s ago\n`,
      ),
  });
  const members = parseAnswer(z.array(member).nullable(), 'the list of members', answer) ?? [];
  terminal.out(
    render(format, {
      header: ['NAME', 'ADDRESS', 'ROLE', 'FINGERPRINT', 'STATUS'],
      rows: members.map((m) => [m.name, m.address, m.role, fingerprint(m), m.status]),
      objects: format === 'yaml' ? members.map(nestIdentity) : answer,
    }),
  );
}

/** Prints what this machine has on disk of the members; works without a running daemon. */
export async function listLocalMembers(settings: Settings, format: string): Promise<void> {
  assertFormat(format);
  const members = await (await appOf(settings)).getDqliteClusterMembers();
  settings.terminal.out(
    render(format, {
      header: ['ID', 'NAME', 'ADDRESS', 'ROLE'],
      rows: members.map((m) => [String(m.id), m.name, m.address, m.role]),
      objects: members,
    }),
  );
}

function fingerprint(m: Member): string {
  if (m.certificate === '') return '';
  try {
    return new X509Certificate(m.certificate).fingerprint256.replaceAll(':', '').toLowerCase();
  } catch (error) {
    throw new Error(`The certificate of "${m.name}" cannot be read`, { cause: error });
  }
}

/** In YAML, the three fields that identify a member are one object (`spec/core-api.md` 6). */
function nestIdentity({ name, address, certificate, ...rest }: Member): unknown {
  return { clustermemberlocal: { name, address, certificate }, ...rest };
}
