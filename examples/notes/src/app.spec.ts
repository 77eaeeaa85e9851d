/** The application without a cluster, on an embedded database. */
import { Test, inject } from '@microcluster/testing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { AppModule } from './app.module.js';

let app: NestFastifyApplication;

async function start(bootstrap: boolean): Promise<void> {
  const module = await Test.createTestingModule({ imports: [AppModule] }, { bootstrap }).compile();
  app = module.createNestApplication<NestFastifyApplication>();
  await app.init();
}

afterEach(async () => {
  await app.close();
});

describe('before there is a cluster', () => {
  it('only the setup answers, and only on the control socket', async () => {
    await start(false);
    const setup = await app.inject('/1.0/setup');
    expect(setup.json().metadata).toEqual({ version: '1.0.0', isMember: false });
    expect((await app.inject('/1.0/notes')).statusCode).toBe(503);
    expect((await inject(app, { listener: 'core', url: '/1.0/setup' })).statusCode).toBe(404);
  });
});

describe('a member', () => {
  it('begins with a note, and keeps those that are added', async () => {
    await start(true);
    await app.inject({ method: 'POST', url: '/1.0/notes', payload: { text: 'milk' } });
    const notes = await app.inject('/1.0/notes');
    expect(notes.json().metadata).toEqual([
      { id: 1, text: 'Welcome' },
      { id: 2, text: 'milk' },
    ]);
  });

  it('refuses a note without a text, and strangers', async () => {
    await start(true);
    const empty = await app.inject({ method: 'POST', url: '/1.0/notes', payload: { text: '' } });
    expect(empty.statusCode).toBe(400);
    const stranger = { listener: 'core', peer: 'stranger', url: '/1.0/notes' } as const;
    expect((await inject(app, stranger)).statusCode).toBe(403);
  });

  it('tells everybody how many there are, on a server for it', async () => {
    await start(true);
    const count = await inject(app, { listener: 'reports', url: '/reports/count' });
    expect(count.json().metadata).toEqual({ notes: 1 });
    expect((await inject(app, { listener: 'core', url: '/reports/count' })).statusCode).toBe(404);
  });
});
