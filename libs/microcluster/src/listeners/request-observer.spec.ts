/** What an observer is told of requests, on a real socket. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { request } from 'node:http';
import { Controller, Get, Param, Post } from '@nestjs/common';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AllowUntrusted, CoreApi, ServeUnix } from '../access/index.js';
import { defineCoreRoute } from './core-route.js';
import { TestDaemon } from './daemon.fixture.js';
import type { FinishedRequest } from './request-observer.js';

@CoreApi()
@ServeUnix()
@Controller('items')
class Items {
  @Get(':id') @AllowUntrusted() one(@Param('id') id: string) {
    return id;
  }
  @Post() never(): Promise<void> {
    return new Promise(() => undefined);
  }
}

let daemon: TestDaemon;
let told: FinishedRequest[];

beforeEach(async () => {
  told = [];
  daemon = await TestDaemon.create(
    { controllers: [Items] },
    {
      prepare: (adapter) => {
        adapter.observeRequests((finished) => told.push(finished));
        adapter.addCoreRoute(
          defineCoreRoute('DELETE', '/core/1.0/tokens/{name}', { listeners: ['unix'] }, () => {}),
        );
      },
    },
  );
  await daemon.openUnix();
});
afterEach(() => daemon.close());

async function send(method: string, path: string): Promise<void> {
  const sent = request({ socketPath: daemon.socketPath, method, path });
  sent.end();
  const [answer] = await once(sent, 'response');
  answer.resume();
  await once(answer, 'end');
}

const seen = () =>
  told.map(({ listener, method, route, status }) => ({ listener, method, route, status }));

it.each([
  ['GET', '/items/17?verbose=1', '/items/:id', 200],
  ['DELETE', '/core/1.0/tokens/c2', '/core/1.0/tokens/{name}', 200],
  ['GET', '/core/1.0/tokens/c2', '/core/1.0/tokens/{name}', 501],
  ['GET', '/core/1.0/whatever', 'unmatched', 404],
  ['GET', '/no/such/path', 'unmatched', 404],
  ['GET', '/', '/', 200],
])('%s %s counts for the route %s with status %i', async (method, path, route, status) => {
  await send(method, path);
  await expect.poll(seen).toEqual([{ listener: 'unix', method, route, status }]);
  expect(told[0]?.durationMs).toBeGreaterThan(0);
});

it('has no status when the client goes away before it was answered', async () => {
  const socket = connect(daemon.socketPath);
  await once(socket, 'connect');
  socket.write('POST /items HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n');
  // The next request on another connection is answered after this one has been routed.
  await send('GET', '/items/1');
  socket.destroy();
  await expect.poll(seen).toContainEqual({
    listener: 'unix',
    method: 'POST',
    route: '/items',
    status: undefined,
  });
});
