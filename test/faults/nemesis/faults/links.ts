/** What can happen to the network: partitions of every shape, delay, loss, and a bottleneck. */
import type { Link, LinkCondition } from '../../cluster/network/index.js';
import { always, takeLeader, type Fault, type Scene } from '../fault.js';

const both = (one: number, other: number): Link[] => [
  { from: one, to: other },
  { from: other, to: one },
];

const hostsOf = ({ cluster }: Scene): number[] => cluster.members.map(({ host }) => host);

const allLinks = (hosts: readonly number[]): Link[] =>
  hosts.flatMap((from) => hosts.filter((to) => to !== from).map((to) => ({ from, to })));

function onLinks(
  name: string,
  choose: (scene: Scene) => readonly LinkCondition[] | Promise<readonly LinkCondition[]>,
): Fault {
  return {
    name,
    concerns: 'network',
    isPossible: always,
    begin: async (scene) => scene.cluster.breakLinks(await choose(scene)),
  };
}

const cut = (links: readonly Link[]): LinkCondition[] =>
  links.map((link) => ({ ...link, isCut: true }));

const between = (some: readonly number[], others: readonly number[]): Link[] =>
  some.flatMap((one) => others.flatMap((other) => both(one, other)));

async function leaderAlone(scene: Scene): Promise<LinkCondition[]> {
  const { host } = await takeLeader(scene);
  return cut(
    between(
      [host],
      hostsOf(scene).filter((it) => it !== host),
    ),
  );
}

function halves(scene: Scene): LinkCondition[] {
  const hosts = scene.random.shuffled(hostsOf(scene));
  const middle = Math.ceil(hosts.length / 2);
  return cut(between(hosts.slice(0, middle), hosts.slice(middle)));
}

/** Everybody still reaches a majority, and no two majorities are the same: each host sees its neighbours only. */
function ring(scene: Scene): LinkCondition[] {
  const hosts = scene.random.shuffled(hostsOf(scene));
  const links = hosts.flatMap((one, at) =>
    hosts
      .slice(at + 1)
      .filter((_, offset) => {
        const distance = offset + 1;
        return distance !== 1 && distance !== hosts.length - 1;
      })
      .flatMap((other) => both(one, other)),
  );
  // Three in a ring are whole; as a chain, the one in the middle is everybody's only way.
  const [first = 0, , last = 0] = hosts;
  return cut(links.length === 0 ? both(first, last) : links);
}

/** One host hears nobody, and is heard by all. */
function oneWay(scene: Scene): LinkCondition[] {
  const [deaf = 0, ...others] = scene.random.shuffled(hostsOf(scene));
  return cut(others.map((from) => ({ from, to: deaf })));
}

function slow(scene: Scene): LinkCondition[] {
  const delayMs = scene.random.integer(50, 400);
  return allLinks(hostsOf(scene)).map((link) => ({ ...link, delayMs }));
}

function narrow(scene: Scene): LinkCondition[] {
  const bytesPerSecond = scene.random.integer(20_000, 200_000);
  return allLinks(hostsOf(scene)).map((link) => ({ ...link, bytesPerSecond }));
}

function lossy(scene: Scene): LinkCondition[] {
  const lossPercent = scene.random.integer(5, 25);
  return allLinks(hostsOf(scene)).map((link) => ({ ...link, lossPercent }));
}

export const LINK_FAULTS: readonly Fault[] = [
  onLinks('partition-leader', leaderAlone),
  onLinks('partition-halves', halves),
  onLinks('partition-ring', ring),
  onLinks('partition-one-way', oneWay),
  onLinks('delay', slow),
  onLinks('throttle', narrow),
  onLinks('loss', lossy),
];
