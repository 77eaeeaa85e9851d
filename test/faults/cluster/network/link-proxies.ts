/** One link proxy for each host: what the host dials goes through it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { LinkCondition, Placement } from './network.js';

const PROXY = join(import.meta.dirname, 'link-proxy.mjs');
const PRELOAD = pathToFileURL(join(import.meta.dirname, 'dial-through-links.mjs')).href;
const ANSWER_LIMIT_MS = 30_000;

const ports = z.record(z.string(), z.number());

interface Proxy {
  readonly process: ChildProcess;
  readonly lines: AsyncIterator<string>;
  /** Local port by the address that it leads to. */
  readonly ports: z.infer<typeof ports>;
}

export class LinkProxies implements AsyncDisposable {
  private constructor(
    private readonly addresses: readonly string[],
    private readonly proxies: readonly Proxy[],
  ) {}

  /** @param prefix the command before the proxy's own, which gives it its place */
  static async start(
    addresses: readonly string[],
    prefix: (host: number) => readonly string[],
  ): Promise<LinkProxies> {
    const started = await Promise.allSettled(
      addresses.map((own, host) =>
        startProxy(
          prefix(host),
          addresses.filter((address) => address !== own),
        ),
      ),
    );
    const proxies = started.flatMap((it) => (it.status === 'fulfilled' ? [it.value] : []));
    const all = new LinkProxies(addresses, proxies);
    const failed = started.find((it) => it.status === 'rejected');
    if (failed === undefined) return all;
    await all.close();
    throw new Error('a link proxy did not start', { cause: failed.reason });
  }

  /** What makes a process on `host` dial through its proxy. */
  env(host: number): Placement['env'] {
    return {
      NODE_OPTIONS: `--import=${PRELOAD}`,
      FAULT_LINKS: JSON.stringify(this.proxies[host]?.ports ?? {}),
    };
  }

  async shape(conditions: readonly LinkCondition[]): Promise<void> {
    await Promise.all(
      this.proxies.map(async (proxy, host) => {
        const peers = this.addresses.map((address, peer) => {
          // Of several faults at a time, each has its effect.
          const condition = (from: number, to: number): Partial<LinkCondition> =>
            conditions
              .filter((it) => it.from === from && it.to === to)
              .reduce<Partial<LinkCondition>>((all, it) => ({ ...all, ...it }), {});
          return [
            address,
            { forward: condition(host, peer), backward: condition(peer, host) },
          ] as const;
        });
        proxy.process.stdin?.write(`${JSON.stringify(Object.fromEntries(peers))}\n`);
        await nextLine(proxy);
      }),
    );
  }

  async close(): Promise<void> {
    await Promise.all(
      this.proxies.map(async ({ process }) => {
        if (process.exitCode !== null || process.signalCode !== null) return;
        const ended = once(process, 'exit');
        process.kill('SIGKILL');
        await ended;
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

async function startProxy(prefix: readonly string[], peers: readonly string[]): Promise<Proxy> {
  const [command = process.execPath, ...args] = [
    ...prefix,
    process.execPath,
    PROXY,
    JSON.stringify(peers),
  ];
  // In a group of its own: Ctrl-C is for the harness, which still needs the network to end the run in order.
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  child.stdin.on('error', () => undefined); // it may have been killed
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const proxy = { process: child, lines };
  try {
    return { ...proxy, ports: ports.parse(JSON.parse(await nextLine(proxy))) };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

async function nextLine({ process, lines }: Pick<Proxy, 'process' | 'lines'>): Promise<string> {
  const timer = setTimeout(() => process.kill('SIGKILL'), ANSWER_LIMIT_MS);
  try {
    const line = await lines.next();
    if (line.done === true) throw new Error('a link proxy ended');
    return line.value;
  } finally {
    clearTimeout(timer);
  }
}
