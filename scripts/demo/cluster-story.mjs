/** The demo with three members: founding, joining, replication, losing the leader, recovery, and the end. */
import { findLeader } from './leader.mjs';
import { seconds } from './narrator.mjs';
import { waitFor } from './wait.mjs';

const ELECTION_LIMIT_MS = 60_000;
const ROLES_LIMIT_MS = 60_000;

/**
 * @param {import('./narrator.mjs').Narrator} tell
 * @param {import('./member.mjs').Member[]} members three, not started
 * @param {{keep: boolean}} options `keep` ends the story before anything is shut down
 */
export async function clusterStory(tell, members, { keep }) {
  const [first, ...joiners] = members;

  await tell.step('Three daemons start, each with a state directory of its own', async () => {
    await Promise.all(members.map((member) => member.start()));
    for (const { name, stateDir } of members) {
      tell.command(`microd --state-dir ${stateDir}    # becomes ${name}`);
    }
    const servers = await Promise.all(members.map((m) => m.overSocket('GET', '/core/1.0')));
    tell.verify(
      'each answers on its control socket, and none is initialised',
      servers.every((server) => server.ready === false),
    );
  });

  await tell.step(`${first.name} founds a cluster`, async () => {
    tell.command(`microctl init ${first.name} ${first.address} --bootstrap`);
    await first.control('init', first.name, first.address, '--bootstrap');
    const server = await first.overSocket('GET', '/core/1.0');
    tell.verify('its database is open', server.ready === true && server.name === first.name);
  });

  await tell.step('The others join, each with a token that works once', async () => {
    for (const joiner of joiners) {
      tell.command(`TOKEN=$(microctl tokens add ${joiner.name})    # on ${first.name}`);
      const token = (await first.control('tokens', 'add', joiner.name)).trim();
      tell.command(`microctl init ${joiner.name} ${joiner.address} --token $TOKEN`);
      await joiner.control('init', joiner.name, joiner.address, '--token', token);
      const left = JSON.parse(await first.control('tokens', 'list', '--format', 'json'));
      tell.verify(`${joiner.name} has joined, and its token is used up`, (left ?? []).length === 0);
    }
  });

  const names = [];
  await tell.step('Items created on one member are there on the others', async () => {
    for (const name of ['anvil', 'bellows', 'crucible']) {
      await create(first, name, names);
    }
    tell.note(`created on ${first.name}: ${names.join(', ')}`);
    for (const member of members) {
      const overSocket = await itemsOf(member.overSocket('GET', '/1.0/items'));
      tell.verify(`${member.name} lists them over its socket`, same(overSocket, names), overSocket);
      const overTls = await itemsOf(member.overTls(first, 'GET', '/1.0/items'));
      tell.verify(`${member.name} lists them over mutual TLS`, same(overTls, names), overTls);
    }
  });

  await tell.step('The operator looks at the cluster', async () => {
    await waitForTable(first, members, (m) => m.status === 'ONLINE' && m.role === 'voter');
    tell.command('microctl cluster list');
    tell.output(await first.control('cluster', 'list'));
    tell.verify('all three are online and vote', true);
  });

  const leader = await findLeader(members, ELECTION_LIMIT_MS);
  const survivors = members.filter((member) => member !== leader);
  await tell.step(`The leader, ${leader.name}, is killed with SIGKILL`, async () => {
    tell.command(`kill -KILL ${leader.pid}`);
    const died = performance.now();
    await leader.killHard();
    tell.verify('nothing of it is left running, its database process included', true);
    await waitFor('the survivors accept a write', ELECTION_LIMIT_MS, () =>
      create(survivors[0], 'dies', names),
    );
    const next = await findLeader(survivors, ELECTION_LIMIT_MS);
    tell.verify(
      `the survivors elected ${next.name} and accepted a write after ${seconds(performance.now() - died)}`,
      next !== leader,
    );
    await create(survivors[1], 'embers', names);
    for (const member of survivors) {
      const items = await itemsOf(member.overSocket('GET', '/1.0/items'));
      tell.verify(`${member.name} has every item ever acknowledged`, holdsAll(items, names), items);
    }
  });

  await tell.step('The operator sees who is missing', async () => {
    await waitForTable(survivors[0], [leader], (m) => m.status === 'UNREACHABLE');
    tell.command('microctl cluster list --format compact');
    tell.output(
      withoutFingerprints(await survivors[0].control('cluster', 'list', '-f', 'compact')),
    );
    tell.verify(`${leader.name} is shown as unreachable`, true);
  });

  await tell.step(`${leader.name} comes back`, async () => {
    await leader.start();
    await waitForTable(survivors[0], members, (m) => m.status === 'ONLINE' && m.role === 'voter');
    const items = await itemsOf(leader.overSocket('GET', '/1.0/items'));
    tell.verify('it lists what was written while it was away', holdsAll(items, names), items);
  });

  if (keep) return;

  await tell.step(
    `${leader.name} has really caught up: the cluster lives on with it alone`,
    async () => {
      const [leaving, staying] = survivors;
      await stop(tell, leaving);
      await waitFor(`${leader.name} and ${staying.name} accept a write`, ELECTION_LIMIT_MS, () =>
        create(leader, 'forge', names),
      );
      const items = await itemsOf(staying.overSocket('GET', '/1.0/items'));
      tell.verify(
        `written and read, which needs ${leader.name}: without its log there is no majority`,
        holdsAll(items, names),
        items,
      );
      await leaving.start();
      await waitForTable(leader, members, (m) => m.status === 'ONLINE');
      tell.verify(`${leaving.name} is back as well`, true);
    },
  );

  await tell.step('Everything is shut down cleanly', async () => {
    for (const member of members) await stop(tell, member);
  });
}

/** Stops a member as an operator does, and checks that nothing of it is left. */
export async function stop(tell, member) {
  tell.command(`microctl shutdown    # on ${member.name}`);
  await member.control('shutdown');
  const { code, signal } = await member.exited();
  tell.verify(`${member.name} ended with exit code 0`, code === 0, signal ?? code);
  await member.waitUntilGone();
}

/** Creates an item and remembers that it was acknowledged. */
export async function create(member, name, acknowledged) {
  const item = await member.overSocket('POST', '/1.0/items', { name });
  acknowledged.push(item.name);
  return item;
}

/** The names in an answer, in order. */
export async function itemsOf(answer) {
  return (await answer).map((item) => item.name);
}

/** Whether two lists of names are equal. */
export function same(a, b) {
  return a.length === b.length && a.every((name, at) => name === b[at]);
}

/**
 * Whether all of `names` are among `items`. An attempt that failed during an election may have been carried out
 * all the same, so there may be more items than acknowledged ones.
 */
function holdsAll(items, names) {
  return names.every((name) => items.includes(name));
}

/** Waits until the member table shows all of `members` as `holds` wants them. */
async function waitForTable(asked, members, holds) {
  const names = members.map((member) => member.name).join(', ');
  await waitFor(
    `the member table of ${asked.name} is right for ${names}`,
    ROLES_LIMIT_MS,
    async () => {
      const table = await asked.overSocket('GET', '/core/1.0/cluster');
      const shown = members.map((member) => table.find((row) => row.name === member.name));
      if (shown.every((row) => row && holds(row))) return true;
      throw new Error(`it shows ${table.map((r) => `${r.name} ${r.role} ${r.status}`).join(', ')}`);
    },
  );
}

/** The table is wider than most terminals; the demo leaves the fingerprints out. */
function withoutFingerprints(table) {
  return table.replaceAll(/ {2}[0-9a-f]{64}/g, '').replace(/ {2}FINGERPRINT */, '  ');
}
