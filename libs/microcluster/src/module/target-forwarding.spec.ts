/** `?target=` on user's routes: who decides, in which order, and what is sent along. */
import {
  Body,
  Controller,
  ForbiddenException,
  Post,
  UseGuards,
  type CanActivate,
} from '@nestjs/common';
import { afterEach, expect, it } from 'vitest';
import { CoreApi, FORWARD_TO_TARGET, ProxyTarget, ServeUnix } from '../access/index.js';
import { TestDaemon } from '../listeners/daemon.fixture.js';
import { TargetProxy } from '../membership/target/target-proxy.js';
import { forwardTargets } from './target-forwarding.js';

let daemon: TestDaemon | undefined;

afterEach(async () => {
  await daemon?.close();
  daemon = undefined;
});

class Refusing implements CanActivate {
  canActivate(): boolean {
    throw new ForbiddenException('not you');
  }
}

@CoreApi()
@ServeUnix()
@Controller('items')
class Items {
  @Post() @ProxyTarget() create(@Body() body: unknown) {
    return { here: body };
  }
  @Post('guarded') @ProxyTarget() @UseGuards(Refusing) guarded() {
    return 'here';
  }
  @Post('local') local() {
    return 'here';
  }
}

/** A daemon called `c1` whose proxy records what it would send. */
async function start() {
  const sent: { target: string; body: string }[] = [];
  const forward = (target: string, _request: unknown, _reply: unknown, body: Buffer) => {
    if (target === 'c1') return Promise.resolve(undefined);
    sent.push({ target, body: body.toString('utf8') });
    return Promise.resolve({ metadata: 'there' });
  };
  const unused = () => Promise.reject(new Error('the Core API is not asked here'));
  const proxy = new TargetProxy({
    identity: { name: 'c1' },
    records: { read: unused },
    peers: { with: unused },
  });
  daemon = await TestDaemon.create(
    { controllers: [Items], providers: [{ provide: FORWARD_TO_TARGET, useValue: forward }] },
    { prepare: (adapter) => forwardTargets(adapter, proxy) },
  );
  const { adapter } = daemon;
  const post = async (url: string) => {
    const headers = { 'content-type': 'application/json' };
    const payload = '{ "id": 18446744073709551615 }';
    const { body } = await adapter.inject({ method: 'POST', url, headers, payload });
    return body;
  };
  return { post, sent };
}

it('is passed on with the bytes of its body, and answered with what came back', async () => {
  const { post, sent } = await start();
  expect(await post('/items?target=c2')).toContain('"metadata":"there"');
  expect(sent).toEqual([{ target: 'c2', body: '{ "id": 18446744073709551615 }' }]);
});

it.each(['/items', '/items?target=', '/items?target=c1'])('stays here: %s', async (url) => {
  const { post, sent } = await start();
  expect(await post(url)).toContain('"here":{"id":');
  expect(sent).toEqual([]);
});

it('is not passed on by a route without @ProxyTarget()', async () => {
  const { post, sent } = await start();
  expect(await post('/items/local?target=c2')).toContain('"metadata":"here"');
  expect(sent).toEqual([]);
});

it('is not passed on where a guard of the route refuses', async () => {
  const { post, sent } = await start();
  expect(await post('/items/guarded?target=c2')).toContain('not you');
  expect(sent).toEqual([]);
});
