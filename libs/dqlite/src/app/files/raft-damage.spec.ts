/** What is done to the files of a real node, and what its next start says about it. */
import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { segmentsOf, snapshotsOf } from '../../native/raft-files.js';
import { timeLimit } from '../../time-limit.js';
import { TestCluster, type TestMember } from '../app.fixture.js';
import { NodeDirectory } from './index.js';

const WAY_OUT =
  'remove this node from the cluster and let it join again with an empty directory, or, if it is the only one, found the cluster anew and restore a backup';

let cluster: TestCluster;
let node: TestMember;
beforeAll(async () => {
  cluster = await TestCluster.of(1, { snapshot: { threshold: 8, trailing: 8 } });
  const [only] = cluster.members;
  if (only === undefined) throw new Error('no member');
  node = only;
  const db = node.app.client('test');
  await db.exec('CREATE TABLE t (v INTEGER)');
  for (let value = 0; value < 20; value += 1) await db.exec('INSERT INTO t VALUES (?)', [value]);
  await node.app.close();
}, 60_000);
afterAll(() => cluster[Symbol.asyncDispose]());

/** A copy of the stopped node's directory. */
function copy(): string {
  const directory = cluster.directory();
  cpSync(node.directory, directory, { recursive: true });
  return directory;
}

function contentOf(directory: string): Record<string, string> {
  const names = readdirSync(directory).toSorted();
  return Object.fromEntries(
    names.map((name) => [name, readFileSync(join(directory, name), 'base64')]),
  );
}

function metadataIn(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.startsWith('metadata'));
}

function lastSegmentIn(directory: string): string {
  const segment = segmentsOf(readdirSync(directory)).findLast(({ kind }) => kind === 'closed');
  if (segment === undefined) throw new Error('there is no closed segment');
  return segment.name;
}

/** Inverts bytes, so that each of them is another one afterwards. */
function overwrite(file: string, from: number, bytes: number): void {
  const content = readFileSync(file);
  for (const [at, byte] of content.subarray(from, from + bytes).entries()) {
    content[from + at] = byte ^ 0xff;
  }
  writeFileSync(file, content);
}

const start = (directory: string) => new NodeDirectory(directory).prepareStart(node.address, []);

describe('a start on files of Raft', () => {
  it.each<[string, string, (directory: string) => string]>([
    [
      'metadata that was overwritten',
      'it is no metadata of Raft',
      (directory) => {
        const [name = ''] = metadataIn(directory);
        overwrite(join(directory, name), 0, 32);
        return name;
      },
    ],
    [
      'metadata of zeroes, as a power failure leaves them',
      'it is no metadata of Raft',
      (directory) => {
        const [name = ''] = metadataIn(directory);
        writeFileSync(join(directory, name), Buffer.alloc(32));
        return name;
      },
    ],
    [
      'metadata that was cut off',
      'it is missing or cut off, so that this node does not know any more how it voted',
      (directory) => {
        for (const name of metadataIn(directory)) truncateSync(join(directory, name), 5);
        return 'metadata1';
      },
    ],
    [
      'no metadata',
      'it is missing or cut off, so that this node does not know any more how it voted',
      (directory) => {
        for (const name of metadataIn(directory)) rmSync(join(directory, name));
        return 'metadata1';
      },
    ],
    [
      'a segment with a broken header',
      'it holds only 0 readable entries of ',
      (directory) => {
        const name = lastSegmentIn(directory);
        overwrite(join(directory, name), 8, 40);
        return name;
      },
    ],
    [
      'a segment of no format that there is',
      'it holds only 0 readable entries of ',
      (directory) => {
        const name = lastSegmentIn(directory);
        overwrite(join(directory, name), 0, 8);
        return name;
      },
    ],
    [
      'a segment that was cut off',
      'readable entries of ',
      (directory) => {
        const name = lastSegmentIn(directory);
        truncateSync(join(directory, name), readFileSync(join(directory, name)).length - 1);
        return name;
      },
    ],
    [
      'a segment with a flipped bit in its data',
      'readable entries of ',
      (directory) => {
        const name = lastSegmentIn(directory);
        const file = join(directory, name);
        overwrite(file, readFileSync(file).length - 200, 1);
        return name;
      },
    ],
  ])(
    'is refused with the file and the way out, and changes nothing: %s',
    async (_what, why, damage) => {
      const directory = copy();
      const file = join(directory, damage(directory));
      const before = contentOf(directory);

      const refusal = await start(directory).catch((error: unknown) => error);

      expect(refusal).toMatchObject({ code: 'STATE_FILES' });
      expect(String(refusal)).toContain(`${file}: `);
      expect(String(refusal)).toContain(why);
      expect(String(refusal)).toContain(WAY_OUT);
      expect(contentOf(directory)).toEqual(before);
    },
  );

  it('goes on with one of the two metadata files when a crash has cut off the other', async () => {
    const directory = copy();
    const [whole] = metadataIn(directory);
    writeFileSync(join(directory, whole === 'metadata1' ? 'metadata2' : 'metadata1'), 'torn');

    await expect(start(directory)).resolves.toMatchObject({ kind: 'restart' });
  });

  it('goes on where nobody has called a joiner yet, so that its segments are empty', async () => {
    const directory = cluster.directory();
    for (const name of ['info.yaml', 'cluster.yaml']) {
      cpSync(join(node.directory, name), join(directory, name));
    }
    writeFileSync(join(directory, 'open-1'), Buffer.alloc(4096));

    await expect(start(directory)).resolves.toMatchObject({ kind: 'restart' });
  });

  it('names the directory and the way out also where libdqlite itself refuses', async () => {
    const directory = copy();
    for (const { name } of snapshotsOf(readdirSync(directory))) rmSync(join(directory, name));

    const refusal = await cluster
      .open(node.address, directory)
      .catch((error: unknown) => String(error));

    expect(refusal).toContain(`the directory ${directory} cannot be used (`);
    expect(refusal).toContain('first index should have been 1');
    expect(refusal).toContain(WAY_OUT);
  });

  it('goes on with all data where they are whole', async () => {
    const { app } = await cluster.open(node.address, copy());
    await app.ready(timeLimit(60_000));

    expect((await app.client('test').query('SELECT count(*) FROM t')).rows).toEqual([[20]]);
  });
});

describe('a start after a crash in a truncation of the log', () => {
  let whole: TestCluster;
  let stopped: TestMember;
  beforeAll(async () => {
    whole = await TestCluster.of(1);
    const [only] = whole.members;
    if (only === undefined) throw new Error('no member');
    stopped = only;
    const db = stopped.app.client('test');
    await db.exec('CREATE TABLE t (v INTEGER)');
    await db.exec('INSERT INTO t VALUES (1), (2)');
    await stopped.app.close();
  }, 60_000);
  afterAll(() => whole[Symbol.asyncDispose]());

  it.each([
    ['before it wrote anything', 0],
    ['while it wrote', 100],
    ['before it deleted what it had copied', Infinity],
  ])('that came %s goes on with all data', async (_when, bytes) => {
    const directory = whole.directory();
    cpSync(stopped.directory, directory, { recursive: true });
    const longer = lastSegmentIn(directory);
    const [first = '', last = ''] = longer.split('-');
    const shorter = `${first}-${String(BigInt(last) - 1n).padStart(16, '0')}`;
    const content = readFileSync(join(directory, longer));
    writeFileSync(join(directory, shorter), content.subarray(0, bytes));

    const { app } = await whole.open(stopped.address, directory);
    await app.ready(timeLimit(60_000));

    expect((await app.client('test').query('SELECT count(*) FROM t')).rows).toEqual([[2]]);
    expect(readdirSync(directory)).not.toContain(shorter);
    await app.close();
  });
});
