import { describe, expect, it } from 'vitest';
import { checkSchema, type SchemaObservation } from './schema.js';

const look = (at: number, database: number, ...members: number[]): SchemaObservation => ({
  at,
  database: { internal: 6, external: database },
  members: members.map((external, index) => ({ name: `c${index + 1}`, internal: 6, external })),
});

describe('a history of schemas', () => {
  it('is accepted when the database waits for the slowest', () => {
    const history = [look(0, 1, 1, 1), look(1, 1, 2, 1), look(2, 1, 2, 2), look(3, 2, 2, 2)];
    expect(checkSchema(history).violations).toEqual([]);
  });

  it.each<[string, RegExp, SchemaObservation[]]>([
    ['the database is ahead of one member', /ahead/, [look(0, 2, 2, 1)]],
    ['it goes back', /went back/, [look(0, 2, 2, 2), look(1, 1, 2, 2)]],
  ])('is refused when %s', (_, what, history) => {
    expect(checkSchema(history).violations[0]?.what).toMatch(what);
  });
});
