/**
 * Carries what one host dials, and can carry it badly: a process beside the member, in the same network namespace.
 *
 * Its argument is a list of peers, `["ip:port", ...]`. It prints the local port for each, `{"ip:port": port}`, and then
 * reads lines `{"ip:port": {"forward": CONDITION, "backward": CONDITION}}`, each of which replaces all conditions.
 * It ends when its standard input does.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

/** What a sender waits before it sends again what was lost; TCP's smallest. */
const RETRANSMISSION_MS = 200;

/** Bytes on their way in one direction of a connection before the sender has to wait. */
const WINDOW = 1024 * 1024;

/** One direction of all connections to one peer. */
class Direction {
  #condition = {};
  #freeAt = 0;
  #healed = deferred();

  set condition(condition) {
    this.#condition = condition ?? {};
    this.#freeAt = 0;
    this.#healed.resolve();
    this.#healed = deferred();
  }

  /** When bytes that are sent now will arrive, by `performance.now()`. */
  arrival(bytes) {
    const { delayMs = 0, bytesPerSecond, lossPercent = 0 } = this.#condition;
    const now = performance.now();
    const lost = Math.random() * 100 < lossPercent ? RETRANSMISSION_MS : 0;
    if (bytesPerSecond === undefined) return now + delayMs + lost;
    this.#freeAt = Math.max(now, this.#freeAt) + (bytes / bytesPerSecond) * 1000;
    return this.#freeAt + delayMs + lost;
  }

  async open() {
    while (this.#condition.isCut) await this.#healed.promise;
  }
}

function deferred() {
  let resolve;
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Everything arrives in the order in which it was sent. */
async function carry(from, to, direction) {
  let underWay = 0;
  let tail = Promise.resolve();
  const deliver = async (chunk, at) => {
    const wait = at - performance.now();
    if (wait > 0) await new Promise((resume) => setTimeout(resume, wait));
    await direction.open();
    if (!to.write(chunk)) await once(to, 'drain');
    underWay -= chunk.length;
  };
  try {
    for await (const chunk of from) {
      underWay += chunk.length;
      const at = direction.arrival(chunk.length);
      tail = tail.then(() => deliver(chunk, at));
      tail.catch(() => from.destroy());
      if (underWay > WINDOW) await tail;
    }
    await tail;
    to.end();
  } catch {
    from.destroy();
    to.destroy();
  }
}

const directions = new Map();
const ports = {};
for (const peer of JSON.parse(process.argv[2])) {
  const [host, port] = peer.split(':');
  const both = { forward: new Direction(), backward: new Direction() };
  directions.set(peer, both);
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ host, port: Number(port), allowHalfOpen: true, noDelay: true });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ]) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
    void carry(near, far, both.forward);
    void carry(far, near, both.backward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ports[peer] = server.address().port;
}
process.stdout.write(`${JSON.stringify(ports)}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const conditions = JSON.parse(line);
  for (const [peer, { forward, backward }] of directions) {
    forward.condition = conditions[peer]?.forward;
    backward.condition = conditions[peer]?.backward;
  }
  process.stdout.write('{}\n');
}
process.exit(0);
