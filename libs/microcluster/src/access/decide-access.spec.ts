/** The access decision, row by row as `spec/core-api.md` 5.1 orders the checks. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLOSED_RULE } from './access-rule.js';
import { decideAccess, type AccessInput } from './decide-access.js';

const calm: AccessInput = {
  listener: 'core',
  method: 'GET',
  hasHandler: true,
  rule: { ...CLOSED_RULE, listeners: ['core'] },
  isShuttingDown: false,
  database: { open: true, text: 'Database is online' },
  trusted: true,
};
const closed = { open: false, text: 'Database is not yet initialized' };
const waiting = { open: false, transactions: true, text: 'Database is waiting for an upgrade' };
const rule = (changes: Partial<AccessInput['rule']>) => ({ ...calm.rule, ...changes });

interface Row {
  readonly what: string;
  readonly input: Partial<AccessInput>;
  readonly answer: readonly [number, string] | 'allow';
}

const rows: readonly Row[] = [
  { what: 'a trusted caller of an open daemon', input: {}, answer: 'allow' },
  { what: 'another listener', input: { listener: 'unix' }, answer: [404, 'not found'] },
  {
    what: 'another listener while stopping',
    input: { listener: 'unix', isShuttingDown: true },
    answer: [404, 'not found'],
  },
  { what: 'stopping', input: { isShuttingDown: true }, answer: [503, 'Daemon is shutting down'] },
  {
    what: 'stopping, allowed then',
    input: { isShuttingDown: true, rule: rule({ allowedDuringShutdown: true }) },
    answer: 'allow',
  },
  {
    what: 'stopping and not initialised',
    input: { isShuttingDown: true, database: closed },
    answer: [503, 'Daemon is shutting down'],
  },
  {
    what: 'a closed database',
    input: { database: closed },
    answer: [503, 'Database is not yet initialized'],
  },
  {
    what: 'a closed database, allowed before initialisation',
    input: { database: closed, rule: rule({ allowedBeforeInit: true }) },
    answer: 'allow',
  },
  {
    what: 'a database that waits for an upgrade, allowed while it does',
    input: { database: waiting, rule: rule({ allowedWhileWaiting: true }) },
    answer: 'allow',
  },
  {
    what: 'a database that waits for an upgrade',
    input: { database: waiting },
    answer: [503, waiting.text],
  },
  {
    what: 'a database that is closed, allowed while it waits for an upgrade',
    input: { database: closed, rule: rule({ allowedWhileWaiting: true }) },
    answer: [503, closed.text],
  },
  {
    what: 'a closed database and a stranger',
    input: { database: closed, trusted: false },
    answer: [503, 'Database is not yet initialized'],
  },
  {
    what: 'HEAD',
    input: { method: 'HEAD', hasHandler: false },
    answer: [404, "Method 'HEAD' not found"],
  },
  {
    what: 'OPTIONS of a stranger',
    input: { method: 'OPTIONS', hasHandler: false, trusted: false },
    answer: [404, "Method 'OPTIONS' not found"],
  },
  {
    what: 'HEAD that a user declared',
    input: { method: 'HEAD', hasHandler: true },
    answer: 'allow',
  },
  { what: 'a missing handler', input: { hasHandler: false }, answer: [501, 'not implemented'] },
  {
    what: 'a missing handler, a stranger',
    input: { hasHandler: false, trusted: false },
    answer: [501, 'not implemented'],
  },
  {
    what: 'a missing handler of the database path, a stranger',
    input: { hasHandler: false, trusted: false, trustBeforeHandler: true },
    answer: [403, 'not authorized'],
  },
  {
    what: 'a missing handler of the database path, a member',
    input: { hasHandler: false, trustBeforeHandler: true },
    answer: [501, 'not implemented'],
  },
  { what: 'a stranger', input: { trusted: false }, answer: [403, 'not authorized'] },
  {
    what: 'a stranger where strangers may',
    input: { trusted: false, rule: rule({ allowUntrusted: true }) },
    answer: 'allow',
  },
];

describe('decideAccess', () => {
  it.each(rows)('answers $what', ({ input, answer }) => {
    const decision = decideAccess({ ...calm, ...input });
    expect(decision.allow ? 'allow' : [decision.status, decision.text]).toEqual(answer);
  });

  it('never lets a stranger past a rule that does not allow strangers', () => {
    fc.assert(
      fc.property(
        fc.record({
          method: fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'),
          hasHandler: fc.boolean(),
          isShuttingDown: fc.boolean(),
          trustBeforeHandler: fc.boolean(),
          open: fc.boolean(),
          allowedBeforeInit: fc.boolean(),
          allowedDuringShutdown: fc.boolean(),
        }),
        ({ open, allowedBeforeInit, allowedDuringShutdown, ...input }) => {
          const decision = decideAccess({
            ...calm,
            ...input,
            trusted: false,
            database: { open, text: 'closed' },
            rule: rule({ allowedBeforeInit, allowedDuringShutdown }),
          });
          expect(decision.allow).toBe(false);
        },
      ),
    );
  });
});
