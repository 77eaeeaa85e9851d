import { describe, expect, it } from 'vitest';
import { compactTable, csv, gridTable, sqlTable } from './table.js';

const HEADER = ['NAME', 'ADDRESS'];
const ROWS = [
  ['c1', '127.0.0.1:9001'],
  ['c2', '127.0.0.1:9002'],
];

describe('gridTable', () => {
  it('draws a line between all rows and centres the headers', () => {
    expect(gridTable(HEADER, ROWS)).toBe(
      [
        '+------+----------------+',
        '| NAME |    ADDRESS     |',
        '+------+----------------+',
        '| c1   | 127.0.0.1:9001 |',
        '+------+----------------+',
        '| c2   | 127.0.0.1:9002 |',
        '+------+----------------+',
        '',
      ].join('\n'),
    );
  });

  it('is only a header when there are no rows', () => {
    expect(gridTable(HEADER, [])).toBe(
      '+------+---------+\n| NAME | ADDRESS |\n+------+---------+\n',
    );
  });

  it('gives a cell with several lines as many lines', () => {
    expect(gridTable(['A', 'B'], [['1\n2', 'x']])).toContain('| 1 | x |\n| 2 |   |\n');
  });
});

describe('sqlTable', () => {
  it('draws no line between rows and leaves headers as they are', () => {
    expect(
      sqlTable(
        ['id', 'name'],
        [
          ['1', 'anvil'],
          ['10', ''],
        ],
      ),
    ).toBe(
      [
        '+----+-------+',
        '| id | name  |',
        '+----+-------+',
        '| 1  | anvil |',
        '| 10 |       |',
        '+----+-------+',
        '',
      ].join('\n'),
    );
  });

  it('shows control characters instead of obeying them', () => {
    const text = sqlTable(['a'], [['\u001b[31mred\u0007 \u202eback']]);
    expect(text).toContain('| \\x1b[31mred\\x07 \\u202eback |');
  });

  it('keeps its borders straight with wide and combining characters', () => {
    const lines = sqlTable(['a'], [['日本'], ['e\u0301'], ['abcd']])
      .trimEnd()
      .split('\n');
    expect(lines.slice(3, 6)).toEqual(['| 日本 |', '| e\u0301    |', '| abcd |']);
  });
});

describe('compactTable', () => {
  it('has no borders', () => {
    expect(compactTable(HEADER, ROWS)).toBe(
      ' NAME  ADDRESS\n c1    127.0.0.1:9001\n c2    127.0.0.1:9002\n',
    );
  });
});

describe('csv', () => {
  it('has no header and quotes what needs it', () => {
    expect(csv([['plain', 'a,b', 'say "x"', 'two\nlines', '']])).toBe(
      'plain,"a,b","say ""x""","two\nlines",\n',
    );
  });
});
