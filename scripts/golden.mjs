/**
 * Makes the golden state directories of this version, which every later version must be able to open:
 * `node scripts/golden.mjs`. Run it once for a release, after a build, and commit what it wrote.
 *
 * Writes test/golden/<version>/dqlite.tar.gz and sqlite.tar.gz. They contain private keys, which are made here and
 * serve nothing else.
 */
import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Member } from './demo/member.mjs';
import { waitFor } from './demo/wait.mjs';
import { root } from './setup.mjs';
import { run } from './setup/run.mjs';

const LIMIT_MS = 60_000;
/** Nobody else uses these loopback addresses, so that the test can open copies at them. */
const ADDRESSES = {
  dqlite: '127.87.65.1:18443',
  spare: '127.87.65.2:18443',
  sqlite: '127.87.65.3:18443',
};
const ITEMS = ['anvil', 'bellows', 'crucible'];

const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
const target = join(root, 'test/golden', version);
const directory = await mkdtemp(join(tmpdir(), 'microcluster-golden-'));
const member = (name, engine, place = name) =>
  new Member({
    name,
    address: ADDRESSES[place],
    stateDir: join(directory, name),
    logFile: join(directory, `${name}.log`),
    root,
    arguments: ['--heartbeat', '1s'],
    env: { ...process.env, NO_COLOR: '1', MICROCLUSTER_ENGINE: engine },
  });
const members = [member('dqlite', 'dqlite'), member('spare', 'dqlite'), member('sqlite', 'sqlite')];

try {
  await mkdir(target, { recursive: true });
  const [dqlite, spare, sqlite] = members;
  for (const one of members) await one.start();
  for (const founder of [dqlite, sqlite]) {
    await founder.control('init', founder.name, founder.address, '--bootstrap');
    for (const name of ITEMS) await founder.overSocket('POST', '/1.0/items', { name });
  }
  // Of two members one votes, so that its copy can be started without the other.
  const token = (await dqlite.control('tokens', 'add', spare.name)).trim();
  await spare.control('init', spare.name, spare.address, '--token', token);
  // A token that expires would be gone from the copies one day.
  await dqlite.control('tokens', 'add', 'unspent', '--expire-after', '0');
  await waitFor('both members to have a role', LIMIT_MS, async () => {
    const rows = await dqlite.overSocket('GET', '/core/1.0/cluster');
    const roles = rows.map(({ name, role }) => `${name} ${role}`).sort();
    return roles.join() === 'dqlite voter,spare spare' ? true : undefined;
  });
  for (const one of [spare, dqlite, sqlite]) {
    await one.control('shutdown');
    await one.waitUntilGone();
  }
  for (const { name } of [dqlite, sqlite]) await pack(name);
} finally {
  for (const one of members) one.destroy();
  await Promise.all(members.map((one) => one.waitUntilGone()));
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
}

async function pack(name) {
  const file = join(target, `${name}.tar.gz`);
  const { code, output } = await run(
    'tar',
    `--create --gzip --sort=name --owner=0 --group=0 --numeric-owner --exclude=*.socket`
      .split(' ')
      .concat('--file', file, '--directory', directory, name),
  );
  if (code !== 0) throw new Error(`tar failed: ${output}`);
  const { size } = await stat(file);
  process.stdout.write(`${file}: ${Math.ceil(size / 1024)} KiB\n`);
}
