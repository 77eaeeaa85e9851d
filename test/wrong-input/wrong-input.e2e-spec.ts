/** Wrong input to every endpoint of a running member: a clear answer, and nothing changes. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { TestCluster } from '../support/cluster.js';
import type { Daemon } from '../support/daemon.js';

const RUNS = Number(process.env['WRONG_INPUT_RUNS'] ?? 400);
const LIMIT_MS = 60_000;

/** Every endpoint that takes a body, and every one that takes a name. */
const withBody = [
  ['POST', '/core/control'],
  ['POST', '/core/control/tokens'],
  ['POST', '/core/control/sql'],
  ['POST', '/core/control/restore'],
  ['POST', '/core/internal/sql'],
  ['POST', '/core/internal/cluster'],
  ['POST', '/core/internal/truststore'],
  ['POST', '/core/internal/heartbeat'],
  ['POST', '/core/internal/hooks/on-new-member'],
  ['PUT', '/core/1.0/cluster/certificates/cluster'],
  ['PUT', '/core/1.0/cluster/certificates/server'],
  ['PUT', '/core/1.0/cluster/certificates/nobody'],
  ['PUT', '/core/1.0/daemon/servers'],
  ['PUT', '/core/1.0/daemon/config'],
  ['PATCH', '/core/1.0/daemon/config'],
  ['POST', '/1.0/items'],
] as const;
const withName = [
  ['DELETE', '/core/1.0/tokens/'],
  ['DELETE', '/core/1.0/cluster/'],
  ['DELETE', '/core/internal/truststore/'],
  ['POST', '/core/internal/hooks/'],
] as const;

/** Texts that the specification answers with 500, although the caller is wrong. */
const SPECIFIED_500 =
  /^(Unable to initialize cluster|No truststore entry found|No valid hook found|No new member name given|Token expired|The source|Remote with address|Cannot |Failed )/;

/** Keys that the endpoints know, so that the input gets past the first check now and then. */
const KEYS =
  'name address query cert key ca secret certificate servers join_token bootstrap config expire_after ' +
  'extensions cluster_members __proto__ constructor role new_member';
const key = fc.constantFrom(...KEYS.split(' '));
/** No text is a valid name or statement, so that nothing that is sent may be done. */
const wrongText = fc.oneof(
  fc.constantFrom('', '../../x', '1', "';--", '-a', 'a..b', '\u0000', '127.0.0.1', 'SELEC 1', '_'),
  fc.string({ unit: 'binary', maxLength: 40 }).map((value) => `_${value}`),
);
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    wrongText,
    fc.integer(),
    fc.double(),
    fc.constantFrom(null, true, false, []),
    fc.dictionary(key, tie('any'), { minKeys: 1, maxKeys: 4 }),
    fc.array(tie('any'), { maxLength: 3 }),
  ),
})).any;
const body = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.dictionary(key, value, { minKeys: 1 }).map((it) => JSON.stringify(it)),
  },
  { weight: 2, arbitrary: value.map((it) => JSON.stringify(it) ?? '') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', '{', '[[[[', '{"a":1}}', '\u0000', '['.repeat(20_000)),
  },
);

const envelope = z.object({ type: z.string(), error: z.string(), error_code: z.number() });

describe('a member that is given wrong input', () => {
  let cluster: TestCluster;
  let member: Daemon;

  beforeAll(async () => {
    cluster = await TestCluster.form(1);
    member = cluster.member(1);
    // The first heartbeat gives the only member its role.
    await cluster.until('the first heartbeat', ([first]) => first?.role === 'voter');
  });
  afterAll(() => cluster.close());

  it('answers clearly, never with a defect, and changes nothing', async () => {
    const before = await fingerprint(member);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...withBody), body, async ([method, path], sent) => {
        await expectClear(member, method, path, sent);
      }),
      { numRuns: RUNS },
    );
    expect(await fingerprint(member)).toEqual(before);
  });

  it('answers names that nobody has in the same way', async () => {
    const before = await fingerprint(member);
    const name = fc
      .oneof(wrongText, fc.constantFrom('nobody', '%2e%2e', '..%2f..', '%00', '%ff', 'a%2fb'))
      .map((given) => (given.includes('%') ? given : encodeURIComponent(given)))
      .filter((given) => given !== '');
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...withName), name, async ([method, path], given) => {
        await expectClear(member, method, `${path}${given}`, '');
      }),
      { numRuns: RUNS },
    );
    expect(await fingerprint(member)).toEqual(before);
  });

  it('refuses a body larger than it takes', async () => {
    const answer = await send(member, 'POST', '/core/control/tokens', ' '.repeat(5 * 1024 * 1024));
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.text)).toMatchObject({ type: 'error', error_code: 413 });
  });
});

async function expectClear(
  member: Daemon,
  method: string,
  path: string,
  sent: string,
): Promise<void> {
  const { status, text: answered } = await send(member, method, path, sent);
  const what = `${method} ${path} ${sent} -> ${status} ${answered}`;
  expect(answered).not.toMatch(/Internal server error|\\n\s+at /);
  expect(isClear(status, answered, path), what).toBe(true);
}

function isClear(status: number, answered: string, path: string): boolean {
  const { type, error, error_code: code } = envelope.parse(JSON.parse(answered));
  // Only what asks for nothing may succeed: a map of servers or settings without any that is known.
  if (status === 200) return path.startsWith('/core/1.0/daemon/');
  if (type !== 'error' || code !== status || error === '') return false;
  return (status >= 400 && status < 500) || SPECIFIED_500.test(error);
}

/** What must not change: every table, and every file but the engine's own. */
async function fingerprint(member: Daemon): Promise<Record<string, string>> {
  const dump = await send(member, 'GET', '/core/control/sql', '');
  // Heartbeats go on meanwhile.
  const tables = dump.text.replaceAll(/'\d{4}-\d\d-\d\d[ T][^']*'/g, "'time'");
  const files: Record<string, string> = { tables };
  for (const directory of ['.', 'truststore', 'certificates']) {
    const found = await readdir(join(member.stateDir, directory), { withFileTypes: true });
    for (const entry of found) {
      if (!entry.isFile()) continue;
      const content = await readFile(join(member.stateDir, directory, entry.name));
      files[join(directory, entry.name)] = createHash('sha256').update(content).digest('hex');
    }
  }
  return files;
}

async function send(
  member: Daemon,
  method: string,
  path: string,
  sent: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const outgoing = request({
    socketPath: member.socketPath,
    method,
    path,
    timeout: LIMIT_MS,
    // The answer may come before the body is sent.
    agent: false,
    headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(sent) },
  });
  const answered = once(outgoing, 'response');
  outgoing.end(sent);
  const [incoming] = await answered;
  // The rest of a body that is too large may not be read any more.
  outgoing.on('error', () => undefined);
  return { status: Number(incoming.statusCode), text: await text(incoming) };
}
