import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  databaseStatus,
  nextState,
  type LifeCycleEvent,
  type LifeCycleState,
} from './life-cycle.js';

const event: fc.Arbitrary<LifeCycleEvent> = fc.oneof(
  fc.constantFrom<LifeCycleEvent>(
    { type: 'start' },
    { type: 'uninitialised' },
    { type: 'opened' },
    { type: 'reset' },
    { type: 'wiped' },
    { type: 'stop' },
    { type: 'stopped' },
  ),
  fc.record({ type: fc.constant('wait' as const), blockedBy: fc.array(fc.string()) }),
);

function follow(events: readonly LifeCycleEvent[]): LifeCycleState[] {
  const states: LifeCycleState[] = [{ name: 'not-initialised' }];
  let state: LifeCycleState = { name: 'not-initialised' };
  for (const happened of events) {
    state = nextState(state, happened) ?? state;
    states.push(state);
  }
  return states;
}

describe('the life cycle', () => {
  it('leads from a fresh start through bootstrap to ready and a clean stop', () => {
    const names = follow([
      { type: 'start' },
      { type: 'opened' },
      { type: 'stop' },
      { type: 'stopped' },
    ]).map((state) => state.name);
    expect(names).toEqual(['not-initialised', 'starting', 'ready', 'stopping', 'offline']);
  });

  it('lets a member that was removed be bootstrapped or joined again', () => {
    const names = follow([
      { type: 'start' },
      { type: 'opened' },
      { type: 'reset' },
      { type: 'wiped' },
      { type: 'start' },
    ]).map((state) => state.name);
    expect(names.at(-1)).toBe('starting');
  });

  it('refuses a second bootstrap while one is under way or done', () => {
    expect(nextState({ name: 'starting' }, { type: 'start' })).toBeUndefined();
    expect(nextState({ name: 'ready' }, { type: 'start' })).toBeUndefined();
  });

  it('opens the database only in the state ready, whatever the history', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        for (const state of follow(events)) {
          expect(databaseStatus(state).open).toBe(state.name === 'ready');
        }
      }),
    );
  });

  it('never leaves offline, and reaches it only through stopping', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const names = follow(events).map((state) => state.name);
        const firstOffline = names.indexOf('offline');
        const before = firstOffline === -1 ? names : names.slice(0, firstOffline);
        const after = names.slice(before.length);
        expect(after.every((name) => name === 'offline')).toBe(true);
        expect(after.length === 0 || before.at(-1) === 'stopping').toBe(true);
      }),
    );
  });

  it('tells how many members an upgrade still waits for', () => {
    expect(databaseStatus({ name: 'waiting', blockedBy: ['c2', 'c3'] }).text).toBe(
      'Database is waiting for an upgrade: 2 cluster members have not yet received the update',
    );
  });
});
