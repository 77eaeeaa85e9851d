import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { undoInterruptedTruncation } from './interrupted-truncation.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'truncation-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** The name of a closed segment. */
function segment(first: number, last: number): string {
  return [first, last].map((index) => String(index).padStart(16, '0')).join('-');
}

/** What is left of files of these names; open segments are empty unless their name ends with `*`. */
function after(...names: string[]): string[] {
  for (const name of names) {
    const content = Buffer.alloc(16);
    if (name.endsWith('*')) content.writeBigUInt64LE(1n);
    writeFileSync(join(directory, name.replace('*', '')), content);
  }
  undoInterruptedTruncation(directory);
  return readdirSync(directory).toSorted();
}

describe('a truncation of the log', () => {
  it('is undone when both the segment and what it was to become are there', () => {
    expect(after(segment(1, 4), segment(5, 9), segment(5, 7), 'open-1', 'info.yaml')).toEqual(
      [segment(1, 4), segment(5, 9), 'info.yaml', 'open-1'].toSorted(),
    );
  });

  it('is undone when it was to delete later segments, too', () => {
    expect(after(segment(5, 7), segment(5, 9), segment(10, 12))).toEqual([
      segment(5, 9),
      segment(10, 12),
    ]);
  });

  it('is not seen in a log that is whole, nor in an empty directory', () => {
    const whole = [segment(1, 4), segment(5, 9), 'open-1', 'open-2'];
    expect(after()).toEqual([]);
    expect(after(...whole)).toEqual(whole.toSorted());
  });

  it.each([
    ['a later segment continues what it was to become', [segment(8, 9)]],
    ['an open segment was written to', ['open-1*']],
    ['a third segment begins there', [segment(5, 8)]],
  ])('is left alone when %s', (_what, others) => {
    const before = [segment(5, 7), segment(5, 9), ...others];
    expect(after(...before)).toEqual(before.map((name) => name.replace('*', '')).toSorted());
  });

  it('that cannot be undone names the directory', () => {
    rmSync(directory, { recursive: true });
    expect(() => undoInterruptedTruncation(directory)).toThrow(`${directory}: ENOENT`);
    directory = mkdtempSync(join(tmpdir(), 'truncation-'));
  });
});
