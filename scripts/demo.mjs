/**
 * Forms a real cluster on this machine and shows what it does: `npm run demo`.
 *
 *   --keep        leave the cluster running, and print how to talk to it
 *   --single      one member on the embedded engine (chosen by itself where libdqlite is missing)
 *   --no-setup    everything is installed and built already
 *
 * Exits with 0 only if every step was verified. Leaves nothing behind, also after a failure or Ctrl-C.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { clusterStory } from './demo/cluster-story.mjs';
import { Member } from './demo/member.mjs';
import { Narrator } from './demo/narrator.mjs';
import { freeAddresses } from './demo/ports.mjs';
import { singleStory } from './demo/single-story.mjs';
import { build, root, setUp } from './setup.mjs';
import { hasDqlite } from './setup/system-packages.mjs';

const HEARTBEAT = '1s';
const INTERRUPTED = 130;

const tell = new Narrator();
let interrupted = false;

async function main() {
  const { values: flags } = parseArgs({
    options: {
      keep: { type: 'boolean', default: false },
      single: { type: 'boolean', default: false },
      setup: { type: 'boolean', default: true },
    },
    allowNegative: true,
  });
  if (flags.setup) {
    await setUp({ log: (text) => tell.note(text) });
    await build({ log: (text) => tell.note(text) });
  }
  const single = flags.single || !(await hasDqlite());

  const directory = await mkdtemp(join(tmpdir(), 'microcluster-demo-'));
  const members = await createMembers(directory, single);
  const cleanUp = async () => {
    for (const member of members) member.destroy();
    await Promise.all(members.map((member) => member.waitUntilGone()));
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  };
  stopOnSignal(cleanUp);

  try {
    if (single) {
      tell.title('One member on the embedded engine (for three, install libdqlite)');
      await singleStory(tell, members[0], flags);
    } else {
      tell.title('Three members of one cluster, on this machine');
      await clusterStory(tell, members, flags);
    }
  } catch (error) {
    if (interrupted) return INTERRUPTED; // the signal's handler cleans up
    tell.failure(error.message);
    for (const member of members) tell.note(`last lines of ${member.name}:\n${member.log()}`);
    await cleanUp();
    return 1;
  }
  if (flags.keep) {
    tell.success(`Verified ${tell.verified} facts. The cluster is still running.`);
    explainKept(members, directory);
    return 0;
  }
  await cleanUp();
  tell.success(`Verified ${tell.verified} facts, and left nothing behind.`);
  return 0;
}

async function createMembers(directory, single) {
  const addresses = await freeAddresses(single ? 1 : 3);
  return addresses.map((address, at) => {
    const name = `c${at + 1}`;
    return new Member({
      name,
      address,
      root,
      stateDir: join(directory, name),
      logFile: join(directory, `${name}.log`),
      arguments: ['--heartbeat', HEARTBEAT],
      env: { ...process.env, MICROCLUSTER_ENGINE: single ? 'sqlite' : 'dqlite', NO_COLOR: '1' },
    });
  });
}

function stopOnSignal(cleanUp) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => {
      interrupted = true;
      tell.failure(`stopped by ${signal}; cleaning up`);
      cleanUp().then(
        () => process.exit(INTERRUPTED),
        (error) => {
          console.error(error.message);
          process.exit(1);
        },
      );
    });
  }
}

function explainKept(members, directory) {
  for (const member of members) member.leaveRunning();
  const [first] = members;
  const socket = join(first.stateDir, 'control.socket');
  tell.note('');
  tell.note('Talk to it:');
  tell.command(`npx microctl --state-dir ${first.stateDir} cluster list`);
  tell.command(`npx microctl --state-dir ${first.stateDir} sql 'select * from items'`);
  tell.command(`curl --unix-socket ${socket} http://localhost/1.0/items`);
  tell.command(`curl --unix-socket ${socket} --json '{"name":"mine"}' http://localhost/1.0/items`);
  tell.note('Stop it:');
  for (const { stateDir } of members) tell.command(`npx microctl --state-dir ${stateDir} shutdown`);
  tell.command(`rm -r ${directory}`);
}

try {
  process.exitCode = await main();
} catch (error) {
  tell.failure(error.message);
  process.exitCode = 1;
}
