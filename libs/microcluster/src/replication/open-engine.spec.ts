/** Which engine a member gets: the one that was asked for, or the recorded one, never another. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ConsoleLogger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseDaemonArgs, type EngineName } from '../options/index.js';
import type { OpenOptions, OpenPlan } from './engine-runtime.js';
import { openEngine, requireReplication } from './open-engine.js';
import { recordedEngine } from './recorded-engine.js';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'engine-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function settings(engine?: EngineName) {
  const logger = new ConsoleLogger({ logLevels: [] });
  return parseDaemonArgs(
    { stateDir: directory, version: '1', logger, ...(engine && { engine }) },
    {},
  );
}

function options(plan: OpenPlan = { kind: 'bootstrap' }): OpenOptions {
  const pair = { certificate: '', privateKey: '' };
  return {
    plan,
    address: '127.0.0.1:1',
    directory,
    trust: { identity: pair, serving: pair, trustedServers: [], trustedPeers: [] },
    signal: new AbortController().signal,
  };
}

const record = (text: string) => writeFile(path.join(directory, 'engine'), text);
const noRound = () => Promise.resolve();

describe('the recorded engine', () => {
  it('is none in a directory that was never used, or that the original made', async () => {
    expect(await recordedEngine(directory)).toBeUndefined();
  });

  it('is written when an engine is opened, and followed when nothing is asked for', async () => {
    const first = await openEngine(settings('sqlite'), options(), noRound);
    await first.sql.open();
    await first.close();
    expect(await readFile(path.join(directory, 'engine'), 'utf8')).toBe('sqlite\n');
    const second = await openEngine(settings(), options({ kind: 'restart' }), noRound);
    await second.close();
    expect(second.name).toBe('sqlite');
  });

  it.each(['', 'postgres', 'sqlite dqlite'])('is refused when it reads %j', async (text) => {
    await record(text);
    await expect(recordedEngine(directory)).rejects.toMatchObject({
      code: 'STATE_FILE_UNREADABLE',
    });
  });

  it.each([
    ['sqlite', 'dqlite'],
    ['dqlite', 'sqlite'],
  ] as const)('%s refuses to be opened as %s and stays', async (recorded, wanted) => {
    await record(recorded);
    await expect(openEngine(settings(wanted), options(), noRound)).rejects.toMatchObject({
      code: 'ENGINE_MISMATCH',
    });
    expect(await recordedEngine(directory)).toBe(recorded);
  });
});

describe('peers', () => {
  it.each([
    ['asked for', 'sqlite', undefined],
    ['recorded', undefined, 'sqlite'],
  ] as const)('are impossible with sqlite %s', async (_how, wanted, recorded) => {
    if (recorded !== undefined) await record(recorded);
    await expect(requireReplication(settings(wanted), directory)).rejects.toMatchObject({
      code: 'ENGINE_CANNOT_JOIN',
      status: 400,
    });
  });

  it('are possible with dqlite, which is the default', async () => {
    await expect(requireReplication(settings(), directory)).resolves.toBeUndefined();
    await expect(requireReplication(settings('dqlite'), directory)).resolves.toBeUndefined();
  });
});
