/** A stop while requests are in flight on the control socket: what may finish, what ends, and in which order. */
import { readdir } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { Controller, Get } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DqliteDataSource } from '@microcluster/dqlite';
import { CoreApi, ServeUnix } from '../access/index.js';
import { Daemon } from '../lifecycle/daemon.js';
import { ListenerSet } from '../listeners/index.js';
import {
  dialPlain,
  exchange,
  parseAnswer,
  readUntil,
  requestText,
} from '../listeners/raw-client.fixture.js';
import { TestApplication } from './application.fixture.js';

/** Longer than any test: whoever waits this long has failed. */
const FOR_EVER_MS = 3_600_000;

/** Between its two queries, a request waits here. */
class Pause {
  begun = false;
  goOn: () => void = () => undefined;
  private readonly over = new Promise<void>((resolve) => {
    this.goOn = resolve;
  });

  async here(): Promise<void> {
    this.begun = true;
    await this.over;
  }
}

@CoreApi()
@ServeUnix()
@Controller('1.0/queries')
class Queries {
  constructor(
    private readonly dataSource: DqliteDataSource,
    private readonly pause: Pause,
  ) {}

  @Get()
  async twice(): Promise<unknown> {
    await this.dataSource.query('SELECT 1');
    await this.pause.here();
    return this.dataSource.query('SELECT 2 AS two');
  }
}

let pause: Pause;
let application: TestApplication;
let daemon: Daemon;

async function start(drainConnectionsTimeout: number): Promise<void> {
  pause = new Pause();
  application = await TestApplication.start(
    { drainConnectionsTimeout },
    { controllers: [Queries], providers: [{ provide: Pause, useValue: pause }] },
  );
  await application.bootstrap();
  daemon = application.app.get(Daemon);
}

const dial = (): Promise<Socket> => dialPlain({ path: application.socketPath });
const ask = async (request: string) => parseAnswer(await exchange(await dial(), request));

/** A handler of the application that has asked the database once, and will again. */
async function queryInFlight() {
  const answer = ask(requestText('GET', '/1.0/queries'));
  await expect.poll(() => pause.begun).toBe(true);
  return { answer, goOn: pause.goOn };
}

/** A restore of which all but the last byte has come. */
async function restoreInFlight() {
  const taken = await application.app.inject({ method: 'GET', url: '/core/control/backup' });
  const bytes = taken.rawPayload;
  const socket = await dial();
  socket.write(
    requestText('POST', '/core/control/restore', { 'Content-Length': String(bytes.length) }),
  );
  socket.write(bytes.subarray(0, -1));
  await expect
    .poll(async () =>
      (await readdir(application.directory)).some((name) => name.startsWith('.wiped.')),
    )
    .toBe(true);
  return {
    answer: readUntil(socket).then(parseAnswer),
    goOn: () => void socket.write(bytes.subarray(-1)),
  };
}

/** The network is closed and its requests are over, so that nothing is left but the control socket. */
async function networkIsClosed(): Promise<void> {
  const listeners = application.app.get(ListenerSet);
  await expect.poll(() => listeners.has('core')).toBe(false);
}

describe('a daemon that drains', () => {
  beforeEach(() => start(FOR_EVER_MS));
  afterEach(() => application[Symbol.asyncDispose]());

  it.each([
    ['a handler of the application', queryInFlight],
    ['a restore', restoreInFlight],
  ])('keeps the database for %s on the control socket', async (_what, inFlight) => {
    const { answer, goOn } = await inFlight();
    const stopped = daemon.stop();
    await networkIsClosed();
    // Each of these takes a way through the daemon, in which it could have closed the database.
    for (let count = 0; count < 5; count += 1) await application.get('/core/1.0/livez');
    goOn();
    expect((await answer).status).toBe(200);
    await stopped;
    expect(daemon.databaseStatus().text).toBe('Database is offline');
  });

  it('answers the request to shut down after the others', async () => {
    const answered: string[] = [];
    const { answer, goOn } = await queryInFlight();
    const shutdown = ask(requestText('POST', '/core/control/shutdown')).then(({ status }) => {
      answered.push('shutdown');
      return status;
    });
    await networkIsClosed();
    goOn();
    expect((await answer.finally(() => answered.push('query'))).status).toBe(200);
    expect(await shutdown).toBe(200);
    expect(answered).toEqual(['query', 'shutdown']);
  });

  it('does not wait for who follows the events, whose streams end in good order', async () => {
    const follower = await dial();
    await exchange(follower, requestText('GET', '/core/1.0/events'), /: connected/);
    await daemon.stop();
    expect(await readUntil(follower)).toMatch(/0\r\n\r\n$/);
  });

  it('refuses what comes meanwhile, and still tells how it is', async () => {
    const { answer, goOn } = await queryInFlight();
    const stopped = daemon.stop();
    await networkIsClosed();
    expect((await application.get('/1.0/queries')).status).toBe(503);
    expect((await application.get('/core/1.0/livez')).status).toBe(200);
    goOn();
    expect((await answer).status).toBe(200);
    await stopped;
  });
});

describe('a daemon that drains for a moment', () => {
  beforeEach(() => start(100));
  afterEach(() => application[Symbol.asyncDispose]());

  it('cuts what takes longer, and closes the database', async () => {
    const { answer } = await restoreInFlight();
    await daemon.stop();
    expect((await answer).status).toBeNaN();
  });
});

describe('a daemon that does not drain', () => {
  beforeEach(() => start(0));
  afterEach(() => application[Symbol.asyncDispose]());

  it.each([
    ['a handler of the application', queryInFlight],
    ['a restore', restoreInFlight],
  ])('stops under %s', async (_what, inFlight) => {
    const { answer } = await inFlight();
    await daemon.stop();
    await daemon.release();
    expect((await answer).status).toBeNaN();
    pause.goOn();
  });
});
