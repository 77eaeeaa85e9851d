/** SQL as nobody writes it: the splitter loses nothing, invents nothing, and is done in linear time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mutatedText } from '../fuzz/mutated.fixture.js';
import { splitStatements } from './split-statements.js';
import { tokens } from './sql-tokens.js';

const corpus = [
  "SELECT ';', \"a;b\", [c;d], `e;f`, x'00', $a(b), :c::d, ?1, 1e5 FROM t -- end;\n; SELECT 2",
  'CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT CASE 1 WHEN 1 THEN 2 END; DELETE FROM u; END; SELECT 1',
  'BEGIN; INSERT INTO t VALUES (1) RETURNING id; SAVEPOINT a; ROLLBACK TO a; END /* ; */;',
];
const WORDS = [
  ...';;\'"`[]()/*-$@:#?.',
  '--',
  '/*',
  '*/',
  'BEGIN ',
  'END;',
  'CREATE TRIGGER ',
  'EXPLAIN ',
  '\u00e9',
];
const sql = mutatedText(corpus, WORDS);

describe('damaged SQL', () => {
  it('is cut into tokens that lie in the text one after another', () => {
    fc.assert(
      fc.property(sql, (text) => {
        let end = 0;
        for (const token of tokens(text)) {
          expect(token.start).toBeGreaterThanOrEqual(end);
          expect(token.end).toBeGreaterThan(token.start);
          end = token.end;
        }
        expect(end).toBeLessThanOrEqual(text.length);
      }),
    );
  });

  it('is cut into statements that hold all of its tokens, and nothing else', () => {
    fc.assert(
      fc.property(sql, (text) => {
        const statements = splitStatements(text);
        const held = new Set(statements.flatMap((one) => one.tokens.map(({ start }) => start)));
        const left = [...tokens(text)].filter(({ start }) => !held.has(start));
        expect(left.every((token) => token.text === ';')).toBe(true);
        for (const statement of statements) expect(text).toContain(statement.sql);
      }),
    );
  });

  it.each(['$a(', '@a::', '::a', "'", '/*', '--', '[', '1.', 'BEGIN ', 'a;', '(', "x'"])(
    'is done with a long text of nothing but %s',
    (piece) => {
      const text = piece.repeat(Math.ceil(400_000 / piece.length));
      expect(splitStatements(text).length).toBeLessThanOrEqual(200_000);
    },
  );
});
