/** The files of a node: their text, their rules, and first starts that crash half way. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { BOOTSTRAP_ID } from '../../native/index.js';
import type { NodeInfo, NodeRole } from '../../values.js';
import { formatNode, formatNodes, NodeDirectory, parseNode, parseNodes } from './index.js';

const directories: string[] = [];

afterEach(() => {
  for (const path of directories.splice(0)) rmSync(path, { recursive: true, force: true });
});

function directoryWith(files: Record<string, string> = {}): NodeDirectory {
  const path = mkdtempSync(join(tmpdir(), 'node-files-'));
  directories.push(path);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return new NodeDirectory(path);
}

const ADDRESS = '10.0.0.1:9000';
const INFO = formatNode({ id: 42n, address: ADDRESS });
const CLUSTER = formatNodes([{ id: 42n, address: ADDRESS, role: 'spare' }]);

describe('records', () => {
  it('are written as Go writes them', () => {
    const nodes: NodeInfo[] = [
      { id: BOOTSTRAP_ID, address: ADDRESS, role: 'voter' },
      { id: 2n ** 64n - 1n, address: '[::1]:9000', role: 'spare' },
    ];

    expect(formatNodes(nodes)).toBe(
      '- ID: 3297041220608546238\n  Address: 10.0.0.1:9000\n  Role: 0\n' +
        '- ID: 18446744073709551615\n  Address: "[::1]:9000"\n  Role: 2\n',
    );
  });

  it('are read in any order of keys, as older versions wrote them', () => {
    const text = 'Address: 127.0.0.1:9001\nID: 3297041220608546238\nRole: 0\n';

    expect(parseNode(text, 'info.yaml')).toEqual({
      id: BOOTSTRAP_ID,
      address: '127.0.0.1:9001',
      role: 'voter',
    });
  });

  it('survive a round trip, whatever the identifier', () => {
    const node = fc.record({
      id: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      address: fc.stringMatching(/^[\w.:[\]%-]{1,40}$/),
      role: fc.constantFrom<NodeRole>('voter', 'stand-by', 'spare'),
    });
    fc.assert(
      fc.property(fc.array(node), (nodes) => {
        expect(parseNodes(formatNodes(nodes), 'cluster.yaml')).toEqual(nodes);
      }),
    );
  });

  it.each([
    ['a: b: c', 'not YAML'],
    ['[1, 2]', 'no map'],
    ['- ID: -1\n  Address: a\n  Role: 0', 'a negative identifier'],
    ['- ID: 18446744073709551616\n  Address: a\n  Role: 0', 'an identifier of 65 bits'],
    ['- ID: "1"\n  Address: a\n  Role: 0', 'an identifier that is text'],
    ['- ID: 1\n  Role: 0', 'no address'],
    ['- ID: 1\n  Address: a b\n  Role: 0', 'a space in its address'],
    ['- ID: 1\n  Address: "a\\0"\n  Role: 0', 'what cannot be printed in its address'],
    ['- ID: 1\n  Address: a\n  Role: 3', 'an unknown role'],
    ['- ID: 1\n  Address: a', 'no role'],
    ['ID: 1', 'no list'],
  ])('%j is refused (%s)', (text) => {
    expect(() => parseNodes(text, 'cluster.yaml')).toThrow(/^cluster\.yaml: it /);
  });
});

describe('the start of a node', () => {
  it('without members to join is a new cluster with the identifier that bootstraps', async () => {
    const directory = directoryWith();

    const plan = await directory.prepareStart(ADDRESS, []);
    await directory.confirmStart();

    expect(plan).toMatchObject({ kind: 'bootstrap', id: BOOTSTRAP_ID, joining: false });
    expect(readdirSync(directory.path).toSorted()).toEqual(['cluster.yaml', 'info.yaml']);
    expect(statSync(join(directory.path, 'info.yaml')).mode & 0o777).toBe(0o600);
  });

  it('with members to join makes an identifier and marks the join', async () => {
    const directory = directoryWith();

    const plan = await directory.prepareStart(ADDRESS, ['10.0.0.2:9000']);
    await directory.confirmStart();

    expect(plan.joining).toBe(true);
    expect(readdirSync(directory.path).toSorted()).toEqual(['cluster.yaml', 'info.yaml', 'join']);
    expect(readFileSync(join(directory.path, 'cluster.yaml'), 'utf8')).toBe(
      '- ID: 0\n  Address: 10.0.0.2:9000\n  Role: 0\n',
    );
    expect((await directory.prepareStart(ADDRESS, [])).id).toBe(plan.id);
    await directory.markJoined();
    expect(await directory.prepareStart(ADDRESS, [])).toMatchObject({ joining: false });
  });

  it.each([
    [{ 'info.yaml': INFO }, 'inconsistent info.yaml and cluster.yaml'],
    [{ 'cluster.yaml': CLUSTER }, 'inconsistent info.yaml and cluster.yaml'],
    [
      { 'info.yaml': INFO.replace(ADDRESS, '10.9.9.9:1'), 'cluster.yaml': CLUSTER },
      'does not match "10.9.9.9:1" in info.yaml',
    ],
    [
      {
        'info.yaml': formatNode({ id: BOOTSTRAP_ID, address: ADDRESS }),
        'cluster.yaml': CLUSTER,
        join: '',
      },
      "bootstrap node can't join a cluster",
    ],
    [{ 'info.yaml': INFO, 'cluster.yaml': CLUSTER, removed: '' }, 'was removed from the cluster'],
    [{ 'info.yaml': INFO, 'cluster.yaml': CLUSTER, recovering: '' }, 'repeat the recovery'],
    [{ metadata1: 'x' }, 'holds Raft files but no info.yaml'],
  ])('with the files %j is refused: %s', async (files, reason) => {
    const directory = directoryWith({ ...files });
    const before = readdirSync(directory.path);

    await expect(directory.prepareStart(ADDRESS, [])).rejects.toThrow(reason);
    expect(readdirSync(directory.path)).toEqual(before);
  });

  it.each([['cluster.yaml'], ['info.yaml'], ['join']])(
    'that crashed before %s was written goes on with the same identity',
    async (missing) => {
      const directory = directoryWith();
      const plan = await directory.prepareStart(ADDRESS, ['10.0.0.2:9000']);
      rmSync(join(directory.path, missing));

      const again = await directory.prepareStart(ADDRESS, ['10.0.0.2:9000']);

      expect(again).toMatchObject({ kind: 'restart', id: plan.id, joining: true });
    },
  );

  it('that failed leaves nothing behind but what is not ours', async () => {
    const directory = directoryWith({ 'other.txt': 'kept' });
    await directory.prepareStart(ADDRESS, ['10.0.0.2:9000']);
    writeFileSync(join(directory.path, 'metadata1'), 'x');
    writeFileSync(join(directory.path, 'open-1'), 'x');

    await directory.revokeStart();

    expect(readdirSync(directory.path)).toEqual(['other.txt']);
  });

  it('names the directory when it cannot be read', async () => {
    const directory = new NodeDirectory('/nowhere/at/all');

    await expect(directory.prepareStart(ADDRESS, [])).rejects.toMatchObject({
      code: 'STATE_FILES',
    });
  });
});
