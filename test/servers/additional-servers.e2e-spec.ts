/** Additional servers of a real daemon: opened, moved, closed, drained, and brought back by a restart. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { readFile } from 'node:fs/promises';
import { request as httpsRequest, Agent } from 'node:https';
import { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { overTls } from '../support/requests.js';
import { Members, ask, isClosed, shownAt, type Addresses, type Member } from './members.js';

const DEDICATED = 'certificates/additional-api.crt';
const servers = ['additional-api', 'metrics-api', 'setup-api', 'preInit', 'elsewhere'];

/** Only what a test asks for gets an address from the application. */
const with_ =
  (...names: string[]) =>
  (addresses: Addresses) =>
    Object.fromEntries(names.map((name) => [name, addresses[name]]));

async function one(settings: (addresses: Addresses) => Readonly<Record<string, unknown>>) {
  const members = await Members.prepare(1, servers, settings);
  await members.member(1).daemon.start();
  return members;
}

const at = (member: Member, name: string) => member.addresses[name] ?? '';

async function init({ daemon }: Member) {
  await daemon.bootstrap();
}

const put = ({ daemon }: Member, map: Readonly<Record<string, string>>) =>
  daemon.request(
    'PUT',
    '/core/1.0/daemon/servers',
    Object.fromEntries(Object.entries(map).map(([name, address]) => [name, { address }])),
  );

describe('an additional server', () => {
  it('serves its controllers, and only them, with a certificate of its own', async () => {
    await using members = await one(with_('additional-api'));
    const member = members.member(1);
    const address = at(member, 'additional-api');
    expect(await isClosed(address)).toBe(true);
    await init(member);

    expect((await shownAt(address)).names).toContain('DNS:additional-api');
    expect((await ask(member, address, DEDICATED, '/reports')).metadata).toEqual(['report']);
    expect((await ask(member, address, DEDICATED, '/1.0/greeting')).status).toBe(404);
    expect((await ask(member, address, DEDICATED, '/core/1.0')).status).toBe(404);
    const onCore = await member.daemon.requestTls(undefined, 'GET', '/reports');
    expect([onCore.status, onCore.error]).toEqual([404, 'not found']);
    expect((await member.daemon.request('GET', '/reports')).status).toBe(404);
    expect((await member.daemon.request('GET', '/1.0/greeting')).metadata).toBe('hello');
    expect((await member.daemon.request('GET', '/1.0/status')).metadata).toBe('fine');

    expect((await ask(member, address, DEDICATED, '/reports/secret')).status).toBe(403);
    const trusted = await ask(member, address, DEDICATED, '/reports/secret', member.daemon);
    expect(trusted.metadata).toBe('for members');
  });

  it('listens before initialisation where it is tagged so, and shows the cluster certificate after', async () => {
    await using members = await one(with_('setup-api'));
    const member = members.member(1);
    const address = at(member, 'setup-api');
    const before = await shownAt(address);
    expect((await ask(member, address, 'server.crt', '/setup')).metadata).toBe('setting up');
    await init(member);
    const after = await shownAt(address);
    expect(after.fingerprint).not.toBe(before.fingerprint);
    expect(after.fingerprint).toBe((await shownAt(member.daemon.address)).fingerprint);
    expect((await ask(member, address, 'cluster.crt', '/setup')).metadata).toBe('setting up');
  });
});

describe('the pre-init listener', () => {
  it('closes for good at bootstrap, without cutting what is in flight', async () => {
    await using members = await one(with_('preInit'));
    const member = members.member(1);
    const address = at(member, 'preInit');
    const tls = {
      ca: await member.daemon.file('server.crt'),
      servername: (await shownAt(address)).names.split(',')[0]?.slice('DNS:'.length) ?? '',
    };
    const info = await overTls(address, tls, 'GET', '/core/1.0');
    expect(info.metadata).toMatchObject({ ready: false, address });
    expect((await overTls(address, tls, 'GET', '/core/1.0/daemon/servers')).error).toBe(
      'Database is not yet initialized',
    );
    expect((await overTls(address, tls, 'GET', '/core/internal/sql')).status).toBe(404);
    expect((await overTls(address, tls, 'GET', '/1.0/status')).status).toBe(404);
    const slow = overTls(address, tls, 'GET', '/1.0/greeting/slow/4000');
    await slowBegan(member);
    const change = await overTls(address, tls, 'PUT', '/core/1.0/cluster/certificates/server', {});
    expect([change.status, change.error]).toEqual([403, 'not authorized']);

    await init(member);
    expect(await isClosed(address)).toBe(true);
    expect((await slow).metadata).toBe('done');
    await member.daemon.stop();
    await member.daemon.start();
    expect(await isClosed(address)).toBe(true);
  });
});

describe('PUT /core/1.0/daemon/servers', () => {
  it('opens, moves and closes listeners, leaves the others alone, and lasts', async () => {
    await using members = await one(with_('additional-api'));
    const member = members.member(1);
    await init(member);
    const [additional, metrics, elsewhere] = ['additional-api', 'metrics-api', 'elsewhere'].map(
      (name) => at(member, name),
    );
    if (!additional || !metrics || !elsewhere) throw new Error('an address is missing');
    const kept = await keptConnection(member, additional);

    expect(
      (await put(member, { 'additional-api': additional, 'metrics-api': metrics })).status,
    ).toBe(200);
    expect((await ask(member, metrics, 'cluster.crt', '/reports')).metadata).toEqual({ up: 1 });
    expect(await kept.again()).toBe(true);

    expect((await put(member, { 'metrics-api': elsewhere })).status).toBe(200);
    expect(await isClosed(metrics)).toBe(true);
    expect(await isClosed(additional)).toBe(true);
    expect((await ask(member, elsewhere, 'cluster.crt', '/reports')).metadata).toEqual({ up: 1 });
    const shown = await member.daemon.request('GET', '/core/1.0/daemon/servers');
    expect(shown.metadata).toEqual({ 'metrics-api': { address: elsewhere } });

    await member.daemon.kill();
    await member.daemon.start();
    expect((await ask(member, elsewhere, 'cluster.crt', '/reports')).metadata).toEqual({ up: 1 });
    expect(await isClosed(additional)).toBe(true);
    kept.close();
  });

  it('lets two servers exchange their addresses', async () => {
    await using members = await one(with_('additional-api', 'metrics-api'));
    const member = members.member(1);
    await init(member);
    const [first, second] = [at(member, 'additional-api'), at(member, 'metrics-api')];
    expect((await put(member, { 'additional-api': second, 'metrics-api': first })).status).toBe(
      200,
    );
    expect((await ask(member, second, DEDICATED, '/reports')).metadata).toEqual(['report']);
    expect((await ask(member, first, 'cluster.crt', '/reports')).metadata).toEqual({ up: 1 });
  });

  it('changes nothing when something is wrong', async () => {
    await using members = await one(with_('additional-api'));
    const member = members.member(1);
    await init(member);
    const { daemon } = member;
    const [additional, metrics] = [at(member, 'additional-api'), at(member, 'metrics-api')];
    const before = await daemon.file('daemon.yaml');
    const refused = async (map: Readonly<Record<string, string>>) => {
      const answer = await put(member, map);
      expect(await daemon.file('daemon.yaml')).toBe(before);
      expect((await ask(member, additional, DEDICATED, '/reports')).status).toBe(200);
      return [answer.status, answer.error];
    };
    expect(await refused({ nobody: metrics })).toEqual([
      400,
      'No matching additional listener found for "nobody"',
    ]);
    expect(await refused({ 'extend-core-api': metrics })).toEqual([
      400,
      'No matching additional listener found for "extend-core-api"',
    ]);
    expect(await refused({ 'metrics-api': daemon.address })).toEqual([
      400,
      `Address "${daemon.address}" is already in use`,
    ]);
    expect(await refused({ 'metrics-api': metrics, 'additional-api': metrics })).toEqual([
      400,
      `Address "${metrics}" is already in use`,
    ]);
    expect((await refused({ 'metrics-api': 'localhost:1' }))[0]).toBe(400);

    const busy = createServer().listen(Number(metrics.split(':')[1]), '127.0.0.1');
    await once(busy, 'listening');
    expect(await refused({ 'metrics-api': metrics })).toEqual([
      500,
      `"tcp" listener with address "${metrics}" is already running`,
    ]);
    busy.close();
  });

  it('tells the other members, also through daemon/config', async () => {
    await using members = await Members.prepare(2, servers, with_('additional-api'));
    await members.form();
    const [first, second] = [members.member(1), members.member(2)];
    const metrics = at(first, 'metrics-api');
    expect((await put(first, { 'metrics-api': metrics })).status).toBe(200);
    const hooks = `${members.directory}/c2.hooks`;
    expect((await readFile(hooks, 'utf8')).trim()).toBe(
      JSON.stringify({ 'metrics-api': { address: metrics } }),
    );

    const config = await first.daemon.request('GET', '/core/1.0/daemon/config');
    expect(config.metadata).toEqual({
      name: 'c1',
      address: first.daemon.address,
      servers: { 'metrics-api': { address: metrics } },
      'failure-domain': 0,
    });
    const patch = await second.daemon.request('PATCH', '/core/1.0/daemon/config', {
      'failure-domain': 3,
    });
    expect(patch.status).toBe(200);
    expect(await second.daemon.file('daemon.yaml')).toContain('failure-domain: 3');
    expect(await isClosed(at(second, 'additional-api'))).toBe(false);
    const renamed = await second.daemon.request('PATCH', '/core/1.0/daemon/config', { name: 'x' });
    expect(renamed.status).toBe(400);

    await second.daemon.kill();
    const untold = await put(first, {});
    expect(untold.status).toBe(500);
    expect(untold.error).toContain('"c2"');
    expect(await isClosed(metrics)).toBe(true);
  });
});

describe('draining', () => {
  it('lets a request finish within the limit when the server goes', async () => {
    await using members = await one((addresses) => ({
      ...with_('additional-api')(addresses),
      drain: 10_000,
    }));
    const member = members.member(1);
    await init(member);
    const address = at(member, 'additional-api');
    const slow = ask(member, address, DEDICATED, '/reports/slow/2000');
    await slowBegan(member);
    expect((await put(member, {})).status).toBe(200);
    expect(await isClosed(address)).toBe(true);
    expect((await slow).metadata).toBe('done');
  });

  it('cuts at once without a limit', async () => {
    await using members = await one(with_('additional-api'));
    const member = members.member(1);
    await init(member);
    const slow = ask(member, at(member, 'additional-api'), DEDICATED, '/reports/slow/20000');
    const outcome = slow.then(
      () => 'answered',
      (error: unknown) => (error instanceof Error && 'code' in error ? error.code : 'failed'),
    );
    await slowBegan(member);
    expect((await put(member, {})).status).toBe(200);
    expect(await outcome).toBe('ECONNRESET');
  });

  it('lets requests on every server finish before the process ends', async () => {
    await using members = await one((addresses) => ({
      ...with_('additional-api')(addresses),
      drain: 10_000,
    }));
    const member = members.member(1);
    await init(member);
    const slow = ask(member, at(member, 'additional-api'), DEDICATED, '/reports/slow/2000');
    await slowBegan(member);
    const exit = member.daemon.stop();
    expect((await slow).metadata).toBe('done');
    expect(await exit).toEqual({ code: 0, signal: null });
  });
});

/** Waits until a slow request is being answered. */
async function slowBegan({ daemon }: Member): Promise<void> {
  await eventually('the slow request to begin', 60_000, async () => {
    if (!(await daemon.log()).includes('slow-request-began')) throw new Error('it has not');
  });
}

/** A connection that stays open between requests. */
async function keptConnection(member: Member, address: string) {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 1,
    ca: await member.daemon.file(DEDICATED),
    servername: 'additional-api',
  });
  const { hostname: host, port } = new URL(`https://${address}`);
  const get = async () => {
    const request = httpsRequest({ host, port, path: '/reports', agent }).end();
    const [response]: unknown[] = await once(request, 'response');
    if (!(response instanceof IncomingMessage)) throw new Error('no answer');
    response.resume();
    await once(response, 'end');
    return request.reusedSocket;
  };
  await get();
  // The agent takes the connection back a moment after the answer.
  await eventually('the connection to be free', 60_000, () => {
    if (Object.keys(agent.freeSockets).length === 0) throw new Error('it is in use');
  });
  return { again: get, close: () => agent.destroy() };
}
