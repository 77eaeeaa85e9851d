/** The files of a node after a disk or a person has damaged them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { casesOf } from '../../fuzz/cases.fixture.js';
import { mutated, mutatedText } from '../../fuzz/mutated.fixture.js';
import { isDqliteError } from '../../errors/index.js';
import type { NodeInfo } from '../../values.js';
import { readSegment } from './segment.js';
import { formatNode, formatNodes, NodeDirectory, parseNode, parseNodes } from './index.js';

const ADDRESS = '10.0.0.1:9000';
const self: NodeInfo = { id: 3_297_041_220_608_546_238n, address: ADDRESS, role: 'voter' };
const info = formatNode(self);
const cluster = formatNodes([self, { id: 2n, address: '[::1]:9000', role: 'spare' }]);
const WORDS = [
  '- ',
  '? ',
  '&a ',
  '*a',
  '!!float ',
  '<<: ',
  '|\n',
  '---\n',
  '%YAML 9\n',
  '0x',
  '1e9',
];

/** Was believed to be an address, and quoted whole. */
const LONG_ADDRESS = Buffer.from(info.replace(ADDRESS, '\0'.repeat(2_000)));
const LONG_ADDRESSES = Buffer.from(cluster.replace(ADDRESS, '\0'.repeat(2_000)));

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'damaged-node-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** One sentence that names the file. */
function expectFault(error: unknown, file: string): void {
  if (!isDqliteError(error, 'STATE_FILES')) throw error;
  expect(error.message).toContain(file);
  expect(error.message).not.toContain('\n');
  expect(error.message.length).toBeLessThan(1_000);
}

describe('a damaged record of nodes', () => {
  it('is read as nodes, or refused by the name of its file', () => {
    fc.assert(
      fc.property(mutatedText([info, cluster], WORDS), (text) => {
        for (const read of [parseNode, parseNodes]) {
          try {
            for (const node of [read(text, 'some.yaml')].flat()) {
              expect(parseNode(formatNode(node), 'x')).toEqual({ ...node, role: 'voter' });
            }
          } catch (error) {
            expectFault(error, 'some.yaml');
          }
        }
      }),
    );
  });

  it.each(['info.yaml', 'cluster.yaml'])(
    'is not written over at a start of its node: %s',
    async (name) => {
      const file = join(directory, name);
      const original = name === 'info.yaml' ? info : cluster;
      await fc.assert(
        fc.asyncProperty(mutated([original], WORDS), async (bytes) => {
          writeFileSync(join(directory, 'info.yaml'), info);
          writeFileSync(join(directory, 'cluster.yaml'), cluster);
          writeFileSync(file, bytes);
          try {
            const plan = await new NodeDirectory(directory).prepareStart(ADDRESS, []);
            expect(plan.kind).toBe('restart');
          } catch (error) {
            expectFault(error, directory);
          }
          expect(readFileSync(file)).toEqual(bytes);
        }),
        { ...casesOf(0.5), examples: [[LONG_ADDRESS], [LONG_ADDRESSES]] },
      );
    },
  );

  it('of a first start is completed, or refused by the name of its file', async () => {
    const file = join(directory, 'first-start');
    await fc.assert(
      fc.asyncProperty(mutated([formatNodes([self])], WORDS), async (bytes) => {
        rmSync(join(directory, 'info.yaml'), { force: true });
        rmSync(join(directory, 'cluster.yaml'), { force: true });
        rmSync(join(directory, 'join'), { force: true });
        writeFileSync(file, bytes);
        try {
          await new NodeDirectory(directory).prepareStart(ADDRESS, []);
        } catch (error) {
          expectFault(error, directory);
        }
        expect(readFileSync(file)).toEqual(bytes);
      }),
      { ...casesOf(0.2), examples: [[LONG_ADDRESSES]] },
    );
  });
});

describe('a damaged segment', () => {
  it('is read up to its damage', () => {
    const segment = Buffer.alloc(64);
    segment.writeBigUInt64LE(1n, 0);
    segment.writeBigUInt64LE(1n, 16);
    fc.assert(
      fc.property(mutated([segment, Buffer.alloc(0)]), (bytes) => {
        const { entries, lastTerm } = readSegment(bytes);
        expect(entries).toBeLessThanOrEqual(bytes.length / 16);
        expect(lastTerm === undefined).toBe(entries === 0);
      }),
    );
  });
});
