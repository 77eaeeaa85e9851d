/** `GET /core/1.0/events` on real listeners, as the client, a raw connection and a WebSocket see it. */
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { fingerprintOf } from '../certificates/index.js';
import { MicroclusterClient, type StreamedEvent } from '../client/index.js';
import { EventLog, EventStreams } from '../events/index.js';
import { TestDaemon } from '../listeners/daemon.fixture.js';
import {
  dialPlain,
  dialSecure,
  exchange,
  readUntil,
  requestText,
} from '../listeners/raw-client.fixture.js';
import { EVENTS_PATH, EventsEndpoints } from './events.endpoints.js';

type Limits = ConstructorParameters<typeof EventStreams>[1];

let daemon: TestDaemon;
let log: EventLog;

afterEach(() => daemon.close());

async function start(
  limits: Limits = {},
  capacity?: number,
  stopping?: AbortSignal,
): Promise<void> {
  log = new EventLog(capacity);
  const endpoints = new EventsEndpoints(new EventStreams(log, limits, stopping));
  daemon = await TestDaemon.create(
    {},
    {
      prepare: (adapter) => {
        adapter.serveCore(endpoints);
        adapter.serveCoreUpgrade(EVENTS_PATH, (upgrade) => endpoints.upgrade(upgrade));
      },
    },
  );
  await daemon.listeners.openUnix({ path: daemon.socketPath, drainTimeoutMs: 10_000 });
}

const happen = (member: string) =>
  log.append({ type: 'role-changed', time: new Date(0), member, from: 'spare', to: 'voter' });

const local = () => new MicroclusterClient({ socketPath: daemon.socketPath });

/** Follows in the background; what came is in `heard`. */
function listen(client: MicroclusterClient, options: { lastEventId?: string } = {}) {
  const ended = new AbortController();
  const heard: string[] = [];
  const run = async () => {
    for await (const event of client.events({ ...options, signal: ended.signal })) {
      heard.push(event.type === 'gap' ? 'gap' : event.member);
    }
  };
  const done = run();
  done.catch(() => undefined);
  return { heard, ended, done };
}

/** Whether a further client is served. */
async function isServed(): Promise<boolean> {
  const socket = await dialPlain({ path: daemon.socketPath });
  const text = await exchange(socket, requestText('GET', EVENTS_PATH), /connected|error/);
  socket.destroy();
  return text.includes('connected');
}

const open = (options: { headers?: Record<string, string> } = {}) =>
  new WebSocket(`ws+unix://${daemon.socketPath}:${EVENTS_PATH}`, options);

describe('server-sent events', () => {
  it('reach the client as they happen, with all that they say', async () => {
    await start();
    const events = local().events({ onOpen: () => void happen('m2') });
    const { value } = await events.next();
    expect(value).toMatchObject({
      type: 'role-changed',
      time: new Date(0),
      member: 'm2',
      from: 'spare',
      to: 'voter',
    });
    await events.return();
  });

  it('go on after the last one that the client has, or say that some are missing', async () => {
    await start({}, 3);
    const [first, second] = ['m1', 'm2', 'm3', 'm4'].map(happen);
    const { heard } = listen(local(), { lastEventId: second?.id ?? '' });
    const { heard: heardLate } = listen(local(), { lastEventId: first?.id ?? '' });
    await expect.poll(() => heard).toEqual(['m3', 'm4']);
    await expect.poll(() => heardLate).toEqual(['m2', 'm3', 'm4']);
    happen('m5');
    const { heard: heardTooLate } = listen(local(), { lastEventId: first?.id ?? '' });
    await expect.poll(() => heardTooLate).toEqual(['gap', 'm3', 'm4', 'm5']);
  });

  it('are text/event-stream, with keep-alive comments while nothing happens', async () => {
    await start({ keepAliveMs: 10 });
    const socket = await dialPlain({ path: daemon.socketPath });
    const text = await exchange(
      socket,
      requestText('GET', EVENTS_PATH),
      /keep-alive[^]*keep-alive/,
    );
    socket.destroy();
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(text).toMatch(/\r\ncontent-type: text\/event-stream\r\n/i);
    expect(text).toContain(': connected\n\n');
  });

  it('end cleanly when the listener drains, instead of being cut at its limit', async () => {
    await start();
    const { done, heard } = listen(local(), { lastEventId: 'unknown' });
    await expect.poll(() => heard).toEqual(['gap']);
    const socket = await dialPlain({ path: daemon.socketPath });
    await exchange(socket, requestText('GET', EVENTS_PATH), /connected/);
    const cut = await daemon.listeners.close('unix');
    await done;
    expect(await readUntil(socket)).toMatch(/0\r\n\r\n$/);
    expect(cut).toBe(0);
  });

  it('end cleanly when the daemon begins to stop, whatever its listeners do then', async () => {
    const stopping = new AbortController();
    await start({}, undefined, stopping.signal);
    const { done, heard } = listen(local(), { lastEventId: 'unknown' });
    await expect.poll(() => heard).toEqual(['gap']);
    stopping.abort();
    await expect(done).resolves.toBeUndefined();
  });

  it('are given up with ABORTED when the signal aborts or the client closes', async () => {
    await start();
    const client = local();
    const [one, other] = [
      listen(client, { lastEventId: 'unknown' }),
      listen(client, { lastEventId: 'unknown' }),
    ];
    await expect.poll(() => [...one.heard, ...other.heard]).toEqual(['gap', 'gap']);
    one.ended.abort();
    await expect(one.done).rejects.toMatchObject({ code: 'ABORTED' });
    await client.close();
    await expect(other.done).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('break off with DISCONNECTED when the daemon is gone', async () => {
    await start();
    const { done, heard } = listen(local(), { lastEventId: 'unknown' });
    await expect.poll(() => heard).toEqual(['gap']);
    await daemon.listeners.close('unix', { drainMs: 0 });
    await expect(done).rejects.toMatchObject({ code: 'DISCONNECTED' });
  });

  it('cut a client that takes nothing, and hold no more for it than its connection does', async () => {
    await start({ stallLimitMs: 50, maxStreams: 1 });
    const socket = await dialPlain({ path: daemon.socketPath });
    await exchange(socket, requestText('GET', EVENTS_PATH), /connected/);
    socket.pause();
    const name = 'm'.repeat(64 * 1024);
    for (let sent = 0; sent < 200; sent += 1) happen(name);
    // Only the place of this one client is free again once it was cut.
    await expect.poll(() => isServed()).toBe(true);
    socket.resume();
    await once(socket, 'close');
    expect(socket.bytesRead).toBeLessThan(100 * name.length);
  });

  it('are refused beyond the limit, and served again when one has gone', async () => {
    await start({ maxStreams: 1 });
    const socket = await dialPlain({ path: daemon.socketPath });
    await exchange(socket, requestText('GET', EVENTS_PATH), /connected/);
    await expect(local().events().next()).rejects.toMatchObject({ status: 503 });
    socket.destroy();
    await expect.poll(() => isServed()).toBe(true);
  });
});

describe('access', () => {
  it('is for members on the Core API, not for strangers, and not on the pre-init listener', async () => {
    await start();
    const port = await daemon.openTls('core');
    const fingerprint = fingerprintOf(daemon.memberPair.certificate);
    daemon.trusted.set(fingerprint, { name: 'm2', address: '127.0.0.1:1' });
    const ask = async (pair: typeof daemon.memberPair, upgrade: boolean, until: RegExp) => {
      const socket = await dialSecure({
        port,
        host: '127.0.0.1',
        cert: pair.certificate,
        key: pair.privateKey,
      });
      const headers: Record<string, string> = { Host: daemon.ownAddress };
      if (upgrade) {
        Object.assign(headers, {
          Connection: 'Upgrade',
          Upgrade: 'websocket',
          'Sec-WebSocket-Version': '13',
          'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
        });
      }
      const text = await exchange(socket, requestText('GET', EVENTS_PATH, headers), until);
      socket.destroy();
      return text.slice(0, 'HTTP/1.1 200'.length);
    };
    expect(await ask(daemon.memberPair, false, /connected/)).toBe('HTTP/1.1 200');
    expect(await ask(daemon.memberPair, true, /\r\n\r\n/)).toBe('HTTP/1.1 101');
    expect(await ask(daemon.strangerPair, false, /not authorized/)).toBe('HTTP/1.1 403');
    expect(await ask(daemon.strangerPair, true, /not authorized/)).toBe('HTTP/1.1 403');

    daemon.preInitTrusts = true;
    const early = await daemon.openTls('pre-init');
    const socket = await dialSecure({ port: early, host: '127.0.0.1' });
    expect(await exchange(socket, requestText('GET', EVENTS_PATH))).toMatch(/^HTTP\/1\.1 404/);
  });

  it('is open while the database is closed, and closed while the daemon stops', async () => {
    await start();
    daemon.database = { open: false, text: 'closed' };
    const socket = await dialPlain({ path: daemon.socketPath });
    await exchange(socket, requestText('GET', EVENTS_PATH), /connected/);
    socket.destroy();
    daemon.shuttingDown = true;
    await expect(local().events().next()).rejects.toMatchObject({ status: 503 });
    await expect(once(open(), 'open')).rejects.toThrow(/503/);
  });
});

describe('a WebSocket', () => {
  const messages = (socket: WebSocket) => {
    const received: StreamedEvent['type'][] = [];
    socket.on('message', (data: Buffer) => {
      const event: { type: StreamedEvent['type'] } = JSON.parse(data.toString());
      received.push(event.type);
    });
    return received;
  };

  it('carries one event in each message, and resumes by header or query', async () => {
    await start();
    const { id } = happen('m1');
    happen('m2');
    const byHeader = messages(open({ headers: { 'Last-Event-ID': id } }));
    const url = `ws+unix://${daemon.socketPath}:${EVENTS_PATH}?last_event_id=unknown`;
    const byQuery = messages(new WebSocket(url));
    await expect.poll(() => byHeader).toEqual(['role-changed']);
    await expect.poll(() => byQuery).toEqual(['gap', 'role-changed', 'role-changed']);
  });

  it('is closed with 1001 when the listener drains', async () => {
    await start();
    const socket = open();
    await once(socket, 'open');
    const closed = once(socket, 'close');
    expect(await daemon.listeners.close('unix')).toBe(0);
    expect((await closed)[0]).toBe(1001);
  });

  it('is pinged, and cut when it does not answer', async () => {
    await start({ keepAliveMs: 1_000 });
    const answering = open();
    const silent = new WebSocket(`ws+unix://${daemon.socketPath}:${EVENTS_PATH}`, {
      autoPong: false,
    });
    const pings: unknown[] = [];
    answering.on('ping', () => pings.push(1));
    await once(silent, 'close');
    await expect.poll(() => pings.length).toBeGreaterThan(1);
    expect(answering.readyState).toBe(WebSocket.OPEN);
  });

  it('that is none is told so', async () => {
    await start();
    const socket = await dialPlain({ path: daemon.socketPath });
    const headers = { Connection: 'Upgrade', Upgrade: 'websocket' };
    const text = await exchange(socket, requestText('GET', EVENTS_PATH, headers));
    expect(text).toMatch(/^HTTP\/1\.1 4\d\d/);
  });
});
