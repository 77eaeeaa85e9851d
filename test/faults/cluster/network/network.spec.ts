/** The proxies, and where this machine allows it the namespaces: what they do to a link, and that nothing is left. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { run } from '../command.js';
import { LoopbackNetwork } from './loopback-network.js';
import { NamespaceNetwork } from './namespace-network.js';
import type { Network } from './network.js';

const SERVER = `import { createServer } from 'node:net';
const [host, port] = process.argv[1].split(':');
createServer((it) => it.on('error', () => {}).pipe(it)).listen(Number(port), host, () => console.log('up'));`;
const CLIENT = `import { connect } from 'node:net';
const [host, port] = process.argv[1].split(':');
const began = performance.now();
connect({ host, port: Number(port) })
  .on('data', () => { console.log(Math.round(performance.now() - began)); process.exit(); })
  .on('error', () => process.exit(1))
  .write('x'.repeat(Number(process.argv[2])));
setTimeout(() => process.exit(2), Number(process.argv[3]));`;
/** How long an echo is waited for where none is expected, milliseconds. */
const SILENCE_MS = '1500';
/** What a link is delayed by, and what clocks and timers may round off it, milliseconds. */
const DELAY_MS = 400;
const ROUNDING_MS = 50;

let network: Network | undefined;
const processes: ChildProcess[] = [];
afterEach(async () => {
  for (const child of processes.splice(0)) child.kill('SIGKILL');
  await network?.close();
  network = undefined;
});

const mayUseNamespaces = await NamespaceNetwork.create(1).then(
  (it) => it.close().then(() => true),
  () => false,
);

describe.each([
  ['loopback', true, (hosts: number) => LoopbackNetwork.create(hosts)],
  ['namespaces', mayUseNamespaces, (hosts: number) => NamespaceNetwork.create(hosts)],
] as const)('a network of kind %s', (_, isPossible, create) => {
  it.runIf(isPossible)(
    'carries, cuts in one direction, delays, and heals',
    { timeout: 120_000 },
    async () => {
      network = await create(2);
      await serve(network, 1);
      await isQuick(network);

      await network.shape([{ from: 1, to: 0, delayMs: DELAY_MS }]);
      expect(await echo(network)).toBeGreaterThanOrEqual(DELAY_MS - ROUNDING_MS);
      await network.shape([{ from: 0, to: 1, isCut: true }]);
      await expect(echo(network, SILENCE_MS)).rejects.toThrow('ended with 2');
      await network.shape([
        { from: 1, to: 0, delayMs: 10 },
        { from: 1, to: 0, isCut: true },
      ]);
      await expect(echo(network, SILENCE_MS)).rejects.toThrow('ended with 2');
      await network.shape([]);
      await isQuick(network);
    },
  );
});

it.runIf(mayUseNamespaces)('no namespace is left behind', async () => {
  const before = await run(['ip', 'netns', 'list']);
  const made = await NamespaceNetwork.create(2);
  const [, , , namespace = ''] = made.placement(0).prefix;
  expect(await run(['ip', 'netns', 'list'])).toContain(namespace);
  await made.close();
  await made.close();
  expect(await run(['ip', 'netns', 'list'])).not.toContain(namespace);
  expect(before).not.toContain(namespace);
});

async function serve(on: Network, host: number): Promise<void> {
  const { prefix } = on.placement(host);
  const [command = '', ...args] = [...prefix, ...node(SERVER), on.addresses[host] ?? ''];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  processes.push(child);
  await once(child.stdout, 'data');
}

/** That nothing delays a link: a busy machine may, but not each time. */
async function isQuick(on: Network): Promise<void> {
  await expect.poll(() => echo(on)).toBeLessThan(DELAY_MS - ROUNDING_MS);
}

/** Milliseconds that a round trip from host 0 to host 1 takes. */
async function echo(on: Network, limitMs = '15000'): Promise<number> {
  const { prefix, env } = on.placement(0);
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const command = [...prefix, 'env', ...variables, ...node(CLIENT)];
  return Number(await run([...command, on.addresses[1] ?? '', '10', limitMs]));
}

function node(script: string): string[] {
  return [process.execPath, '--input-type=module', '--eval', script];
}
