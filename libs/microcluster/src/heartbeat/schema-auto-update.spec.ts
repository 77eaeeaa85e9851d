import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { randomDelay, SchemaAutoUpdate } from './schema-auto-update.js';

const NEWEST = { internal: 7, external: 1 };

let directory: string;
let events: { event?: string }[];
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'auto-update-'));
  events = [];
});
afterEach(() => rm(directory, { recursive: true }));

const logger = {
  log: (event: object) => events.push(event),
  warn: (event: object) => events.push(event),
};

async function script(body: string): Promise<string> {
  const program = path.join(directory, 'update.sh');
  await writeFile(program, `#!/bin/sh\n${body}\n`);
  await chmod(program, 0o755);
  return program;
}

function happened(): (string | undefined)[] {
  return events.map(({ event }) => event);
}

describe('a newer schema', () => {
  it('only warns when there is no program, once for each version', () => {
    const updates = new SchemaAutoUpdate({ program: undefined, logger, delayMs: () => 0 });
    updates.notice(NEWEST);
    updates.notice({ ...NEWEST });
    updates.notice({ ...NEWEST, external: 2 });

    expect(events).toEqual([
      { event: 'schema-behind', newest: NEWEST },
      { event: 'schema-behind', newest: { ...NEWEST, external: 2 } },
    ]);
  });

  it('leaves a program alone that stops this daemon to start the next release', async () => {
    const [begun, go, done] = ['begun', 'go', 'done'].map((name) => path.join(directory, name));
    const program = await script(
      `touch "${begun}"; while [ ! -e "${go}" ]; do sleep 0.05; done; touch "${done}"`,
    );
    const updates = new SchemaAutoUpdate({ program, logger, delayMs: () => 0 });
    updates.notice(NEWEST);
    await expect.poll(() => existsSync(String(begun))).toBe(true);

    await updates.close();
    await writeFile(String(go), '');

    await expect.poll(() => existsSync(String(done))).toBe(true);
    expect(happened()).toEqual(['schema-update-started']);
  });

  it('runs the program once, without arguments, however often it is noticed', async () => {
    const program = await script(`echo "run:$#" >> "${directory}/log"`);
    const updates = new SchemaAutoUpdate({ program, logger, delayMs: () => 0 });
    updates.notice(NEWEST);
    updates.notice(NEWEST);

    await expect.poll(happened).toContain('schema-update-finished');
    expect(await readFile(path.join(directory, 'log'), 'utf8')).toBe('run:0\n');
    await updates.close();
  });

  it('says when the program fails, and may run it again', async () => {
    const updates = new SchemaAutoUpdate({
      program: await script('exit 3'),
      logger,
      delayMs: () => 0,
    });
    updates.notice(NEWEST);
    await expect.poll(happened).toContain('schema-update-failed');
    events.length = 0;

    updates.notice(NEWEST);

    await expect.poll(happened).toContain('schema-update-failed');
    await updates.close();
  });

  it('runs nothing once closed, also when it was waiting', async () => {
    const program = await script('exit 0');
    const updates = new SchemaAutoUpdate({ program, logger, delayMs: () => 60_000 });
    updates.notice(NEWEST);

    await updates.close();
    updates.notice(NEWEST);

    expect(events).toEqual([]);
  });
});

describe('the pause before an update', () => {
  it.each([
    [10_000, 30_000],
    [60_000, 30_000],
    [500, 1_500],
  ])('of members with a heartbeat each %i ms is spread over %i ms', (intervalMs, longest) => {
    const pauses = Array.from({ length: 1_000 }, () => randomDelay(intervalMs));
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...pauses)).toBeLessThan(longest);
    expect(Math.max(...pauses)).toBeGreaterThan(longest / 2);
  });
});
