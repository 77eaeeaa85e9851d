/** The application with a cluster of three real members. Needs libdqlite. */
import { TestCluster } from '@microcluster/testing';
import { expect, it } from 'vitest';
import { AppModule } from './app.module.js';
import { Diary } from './setup/diary.js';

it('keeps its notes when it loses the leader', async () => {
  const options = { members: 3, config: { welcome: 'Hello' } };
  await TestCluster.use(AppModule, options, async (cluster) => {
    expect(cluster.member(1).get(Diary).entries).toEqual(['n2 joined', 'n3 joined']);

    const leader = await cluster.leader();
    const added = { method: 'POST', url: '/1.0/notes', payload: { text: 'milk' } } as const;
    expect((await leader.inject(added)).statusCode).toBe(200);
    await cluster.kill(leader.number);

    const next = await cluster.leader();
    const notes = await next.inject({ url: '/1.0/notes' });
    expect(notes.json().metadata.map(({ text }: { text: string }) => text)).toEqual([
      'Hello',
      'milk',
    ]);
  });
}, 120_000);
