/** The demo with one member on the embedded engine, for machines without libdqlite. */
import { create, itemsOf, same, stop } from './cluster-story.mjs';

/**
 * @param {import('./narrator.mjs').Narrator} tell
 * @param {import('./member.mjs').Member} member not started
 * @param {{keep: boolean}} options
 */
export async function singleStory(tell, member, { keep }) {
  const names = [];

  await tell.step('A daemon starts and founds a cluster of one', async () => {
    await member.start();
    tell.command(`microctl init ${member.name} ${member.address} --bootstrap`);
    await member.control('init', member.name, member.address, '--bootstrap');
    const server = await member.overSocket('GET', '/core/1.0');
    tell.verify('its database is open', server.ready === true && server.name === member.name);
  });

  await tell.step('Items are created and listed', async () => {
    for (const name of ['anvil', 'bellows', 'crucible']) await create(member, name, names);
    const overSocket = await itemsOf(member.overSocket('GET', '/1.0/items'));
    tell.verify('they are listed over the socket', same(overSocket, names), overSocket);
    const overTls = await itemsOf(member.overTls(member, 'GET', '/1.0/items'));
    tell.verify('they are listed over mutual TLS', same(overTls, names), overTls);
    tell.command('microctl cluster list');
    tell.output(await member.control('cluster', 'list'));
  });

  await tell.step('The daemon is killed with SIGKILL and started again', async () => {
    await member.killHard();
    await member.start();
    const items = await itemsOf(member.overSocket('GET', '/1.0/items'));
    tell.verify('every item ever acknowledged is there', same(items, names), items);
  });

  await tell.step('A second member would need dqlite', async () => {
    tell.command('microctl tokens add c2');
    const refusal = await member.control('tokens', 'add', 'c2').then(
      () => undefined,
      (error) => error.message,
    );
    tell.verify('a join token is refused, with the way out', refusal?.includes('dqlite'), refusal);
    tell.output(refusal ?? '');
  });

  if (keep) return;
  await tell.step('The daemon is shut down cleanly', () => stop(tell, member));
}
