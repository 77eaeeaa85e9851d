import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linearizability } from './linearizability.js';
import {
  checkRegisters,
  type RegisterAnswer,
  type RegisterCall,
  type RegisterOperation,
} from './register.js';

const KEY = 'k';
let clients = 0;

function ok(
  began: number,
  ended: number,
  call: RegisterCall,
  answer: RegisterAnswer = null,
): RegisterOperation {
  return { client: (clients += 1), began, ended, call, outcome: 'ok', answer };
}

function not(outcome: 'failed' | 'unknown', began: number, call: RegisterCall): RegisterOperation {
  return { client: (clients += 1), began, ended: began + 1, call, outcome, reason: 'test' };
}

const read = { key: KEY, kind: 'read' } as const;
const write = (value: number) => ({ key: KEY, kind: 'write', value }) as const;
const swap = (expected: number, value: number) =>
  ({ key: KEY, kind: 'swap', expected, value }) as const;

describe('a history of registers is accepted', () => {
  it.each<[string, RegisterOperation[]]>([
    ['when nothing was written', [ok(0, 1, read, null)]],
    ['with reads of what was written', [ok(0, 1, write(1)), ok(2, 3, read, 1)]],
    ['when a read during a write sees it', [ok(0, 10, write(1)), ok(2, 3, read, 1)]],
    ['when a read during a write does not see it', [ok(0, 10, write(1)), ok(2, 3, read, null)]],
    [
      'when two concurrent writes are seen in one order',
      [ok(0, 10, write(1)), ok(0, 10, write(2)), ok(11, 12, read, 1), ok(13, 14, read, 1)],
    ],
    [
      'when an unknown write is seen long afterwards',
      [not('unknown', 0, write(1)), ok(5, 6, read, null), ok(90, 91, read, 1)],
    ],
    ['when an unknown write is never seen', [not('unknown', 0, write(1)), ok(5, 6, read, null)]],
    [
      'when an unknown swap explains a value',
      [ok(0, 1, write(1)), not('unknown', 2, swap(1, 2)), ok(5, 6, read, 1), ok(7, 8, read, 2)],
    ],
    [
      'with swaps that succeed and fail as they must',
      [ok(0, 1, write(1)), ok(2, 3, swap(1, 2), true), ok(4, 5, swap(1, 3), false)],
    ],
    ['with writes that failed', [not('failed', 0, write(1)), ok(5, 6, read, null)]],
    [
      'when keys differ',
      [ok(0, 1, { key: 'a', kind: 'write', value: 1 }), ok(2, 3, { key: 'b', kind: 'read' }, null)],
    ],
  ])('%s', (_, history) => {
    expect(checkRegisters(history)).toEqual({ violations: [], undecided: [] });
  });
});

describe('a history of registers is refused', () => {
  it.each<[string, RegisterOperation[]]>([
    ['when a read is stale', [ok(0, 1, write(1)), ok(2, 3, write(2)), ok(4, 5, read, 1)]],
    ['when an acknowledged write is lost', [ok(0, 1, write(1)), ok(2, 3, read, null)]],
    ['when a value comes from nowhere', [ok(0, 1, write(1)), ok(2, 3, read, 7)]],
    ['when a failed write is seen', [not('failed', 0, write(1)), ok(5, 6, read, 1)]],
    [
      'when a write is seen and then not',
      [ok(0, 10, write(1)), ok(1, 2, read, 1), ok(3, 4, read, null)],
    ],
    [
      'when two reads see concurrent writes in opposite orders',
      [
        ok(0, 1, write(1)),
        ok(0, 1, write(2)),
        ok(2, 3, read, 1),
        ok(4, 5, read, 2),
        ok(6, 7, read, 1),
      ],
    ],
    [
      'when an unknown write is undone',
      [not('unknown', 0, write(1)), ok(5, 6, read, 1), ok(7, 8, read, null)],
    ],
    [
      'when two swaps took the same value',
      [ok(0, 1, write(1)), ok(2, 3, swap(1, 2), true), ok(2, 3, swap(1, 3), true)],
    ],
    ['when a swap failed for no reason', [ok(0, 1, write(1)), ok(2, 3, swap(1, 2), false)]],
  ])('%s', (_, history) => {
    const { violations, undecided } = checkRegisters(history);
    expect([violations.length, undecided]).toEqual([1, []]);
    expect(violations[0]?.evidence.length).toBeGreaterThan(0);
  });
});

describe('the search', () => {
  /** Runs random operations against a real register, one at a time, and gives each an interval around its instant. */
  const histories = fc
    .array(
      fc.record({
        kind: fc.constantFrom('read', 'write', 'swap'),
        value: fc.integer({ min: 1, max: 4 }),
        expected: fc.integer({ min: 1, max: 4 }),
        before: fc.integer({ min: 0, max: 40 }),
        after: fc.integer({ min: 0, max: 40 }),
        isUnknown: fc.boolean(),
      }),
      { maxLength: 40 },
    )
    .map((steps) => {
      let state: number | null = null;
      return steps.map((step, at): RegisterOperation => {
        const [began, ended] = [at * 10 - step.before, at * 10 + step.after];
        const call: RegisterCall =
          step.kind === 'read'
            ? read
            : step.kind === 'write'
              ? write(step.value)
              : swap(step.expected, step.value);
        const answer =
          step.kind === 'swap' ? state === step.expected : step.kind === 'read' ? state : null;
        if (step.kind === 'write' || answer === true) state = step.value;
        return step.isUnknown && step.kind !== 'read'
          ? { client: at, call, began, ended, outcome: 'unknown', reason: 'test' }
          : { client: at, call, began, ended, outcome: 'ok', answer };
      });
    });

  it('accepts whatever a register did, however the operations overlap', () => {
    fc.assert(
      fc.property(histories, (history) => {
        expect(checkRegisters(history).violations).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('finds a value that nobody wrote in any of them', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const invented = ok(0, 1000, read, 99);
        expect(checkRegisters([...history, invented]).violations).toHaveLength(1);
      }),
      { numRuns: 100 },
    );
  });

  it('gives up where it was told to, and says so', () => {
    const concurrent = Array.from({ length: 16 }, (_, at) => ok(0, 100, write(at)));
    const model = {
      initial: '',
      step: (state: string, call: RegisterCall) =>
        call.kind === 'write' ? `${state},${call.value}` : undefined,
    };
    const impossible = ok(200, 201, read, 1);
    expect(linearizability([...concurrent, impossible], model, 1000)).toBe('undecided');
  });
});
