/** What is reported between two looks: nothing invented, nothing lost, whatever the history. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PENDING } from '../database/index.js';
import { zeroTime } from '../types/index.js';
import {
  decideEvents,
  type ClusterView,
  type Observation,
  type ObservedRow,
} from './decide-events.js';
import type { EventDraft } from './event-draft.js';

const INTERVAL = 10_000;
const at = (round: number) => new Date(1_700_000_000_000 + round * INTERVAL);
const addressOf = (name: string) => `10.0.0.${name.slice(1)}:8443`;

/** A healthy voter that answered the heartbeat of `round`. */
function row(name: string, round: number, differences: Partial<ObservedRow> = {}): ObservedRow {
  return {
    id: Number(name.slice(1)),
    name,
    address: addressOf(name),
    role: 'voter',
    heartbeat: at(round),
    schemaInternal: 6,
    schemaExternal: 1,
    fingerprint: `print-${name}`,
    ...differences,
  };
}

function look(
  round: number,
  rows: readonly ObservedRow[] | undefined,
  differences: Partial<Observation> = {},
): Observation {
  return {
    time: at(round),
    self: 'm1',
    intervalMs: INTERVAL,
    leader: addressOf('m1'),
    roles: new Map(),
    rows,
    ...differences,
  };
}

/** All events of a sequence of looks, the first of which is where it begins. */
function eventsOf(...looks: readonly Observation[]): EventDraft[] {
  let view: ClusterView | undefined;
  return looks.flatMap((seen) => {
    const outcome = decideEvents(view, seen);
    view = outcome.view;
    return outcome.events;
  });
}

const brief = (events: readonly EventDraft[]) => events.map(({ type, member }) => [type, member]);

describe('the first look', () => {
  it('reports nothing, whatever it finds', () => {
    const rows = [row('m1', 9), row('m2', 1), row('m3', 9, { role: 'spare' })];
    expect(eventsOf(look(9, rows))).toEqual([]);
  });

  it('after a bootstrap does not take the member itself for one that joins with its first round', () => {
    const founded = row('m1', 0, { role: PENDING, heartbeat: zeroTime() });
    expect(eventsOf(look(0, [founded]), look(1, [row('m1', 1)]))).toEqual([]);
  });

  it('waits for the member table', () => {
    expect(decideEvents(undefined, look(1, undefined)).view).toBeUndefined();
    expect(eventsOf(look(1, undefined), look(2, [row('m1', 2)]))).toEqual([]);
  });

  it('takes a member that was silent for two rounds for offline, so that only its return is news', () => {
    const silent = row('m2', 1);
    const looks = [2, 3, 4].map((round) => look(round + 1, [row('m1', round + 1), silent]));
    expect(eventsOf(...looks)).toEqual([]);
    expect(brief(eventsOf(...looks, look(6, [row('m1', 6), row('m2', 6)])))).toEqual([
      ['member-online', 'm2'],
    ]);
  });
});

describe('membership', () => {
  const two = [row('m1', 1), row('m2', 1)];

  it('reports who came and who went', () => {
    expect(eventsOf(look(1, two), look(2, [row('m1', 2), row('m3', 2)]))).toEqual([
      { type: 'member-left', time: at(2), member: 'm2', address: addressOf('m2'), role: 'voter' },
      { type: 'member-joined', time: at(2), member: 'm3', address: addressOf('m3'), role: 'voter' },
    ]);
  });

  it('tells a member from a later one of the same name', () => {
    const again = row('m2', 2, { id: 7, role: 'spare' });
    expect(brief(eventsOf(look(1, two), look(2, [row('m1', 2), again])))).toEqual([
      ['member-left', 'm2'],
      ['member-joined', 'm2'],
    ]);
  });

  it('reports a joiner once it has shown a sign of life, and not one whose join is undone', () => {
    const joining = row('m3', 2, { role: PENDING, heartbeat: zeroTime() });
    const roles = new Map([[addressOf('m3'), 'spare']]);
    const admitted = look(2, [...two, joining], { roles });
    expect(eventsOf(look(1, two), admitted, look(3, two))).toEqual([]);
    const done = look(3, [...two, { ...joining, heartbeat: at(2) }], { roles });
    expect(eventsOf(look(1, two), admitted, done)).toMatchObject([
      { type: 'member-joined', member: 'm3', role: 'spare' },
    ]);
  });
});

describe('roles', () => {
  it('come from the leader, before the table has them', () => {
    const rows = [row('m1', 1), row('m2', 1, { role: 'spare' })];
    const roles = new Map([[addressOf('m2'), 'stand-by']]);
    expect(eventsOf(look(1, rows), look(2, rows, { roles }))).toMatchObject([
      { type: 'role-changed', member: 'm2', from: 'spare', to: 'stand-by' },
    ]);
  });

  it('do not change while nobody can tell them', () => {
    const known = look(1, [row('m1', 1), row('m2', 1)]);
    const unknown = look(2, [row('m1', 1), row('m2', 1, { role: '' })]);
    expect(eventsOf(known, unknown, known)).toEqual([]);
  });
});

describe('the leader', () => {
  const rows = [row('m1', 1), row('m2', 1)];

  it('is lost and found', () => {
    const lost = look(2, undefined, { leader: undefined, roles: undefined });
    const found = look(3, rows, { leader: addressOf('m2') });
    expect(eventsOf(look(1, rows), lost, lost, found)).toEqual([
      { type: 'leader-changed', time: at(2), member: 'm1', from: 'm1', to: null },
      { type: 'leader-changed', time: at(3), member: 'm2', from: null, to: 'm2' },
    ]);
  });
});

describe('heartbeats', () => {
  const healthy = (round: number) => look(round, [row('m1', round), row('m2', round)]);
  const silent = (round: number) => look(round, [row('m1', round), row('m2', 1)]);

  it('take a member offline that misses two rounds, once, and online with the next', () => {
    expect(brief(eventsOf(healthy(1), silent(2)))).toEqual([]);
    expect(eventsOf(healthy(1), silent(2), silent(3), silent(4), healthy(5))).toEqual([
      { type: 'member-offline', time: at(3), member: 'm2', last_heartbeat: at(1) },
      { type: 'member-online', time: at(5), member: 'm2', last_heartbeat: at(5) },
    ]);
  });

  it('are counted in rounds, not in looks or in time', () => {
    expect(eventsOf(healthy(1), silent(2), silent(2), silent(2))).toEqual([]);
    const pause = look(60, undefined, { leader: undefined, roles: undefined });
    const events = eventsOf(healthy(1), pause, healthy(1), healthy(61));
    expect(brief(events).map(([type]) => type)).toEqual(['leader-changed', 'leader-changed']);
  });

  it('of a leader with another clock take nobody offline', () => {
    const behind = (round: number) =>
      look(round, [row('m1', 100), row('m2', round)], { leader: addressOf('m2') });
    const before = look(100, [row('m1', 100), row('m2', 100)]);
    // m1 led with a clock far ahead, and died: only it goes offline, after two rounds of m2.
    expect(brief(eventsOf(before, behind(2), behind(3)))).toEqual([
      ['leader-changed', 'm2'],
      ['member-offline', 'm1'],
    ]);
  });
});

describe('versions and certificates', () => {
  it('report an upgrade of another member, and leave our own to the schema gate', () => {
    const before = look(1, [row('m1', 1), row('m2', 1)]);
    const after = [row('m1', 1, { schemaExternal: 2 }), row('m2', 1, { schemaExternal: 2 })];
    expect(eventsOf(before, look(2, after))).toEqual([
      {
        type: 'schema-upgraded',
        time: at(2),
        member: 'm2',
        from: { internal: 6, external: 1 },
        to: { internal: 6, external: 2 },
      },
    ]);
  });

  it('report a certificate of a member that was replaced', () => {
    const after = row('m2', 1, { fingerprint: 'other' });
    expect(eventsOf(look(1, [row('m2', 1)]), look(2, [after]))).toMatchObject([
      { type: 'certificate-updated', member: 'm2', from: 'print-m2', to: 'other' },
    ]);
  });
});

describe('any history', () => {
  const member = fc.record({
    present: fc.boolean(),
    id: fc.integer({ min: 1, max: 3 }),
    role: fc.constantFrom('voter', 'stand-by', 'spare', '', PENDING),
    answers: fc.boolean(),
    schemaExternal: fc.integer({ min: 1, max: 3 }),
    fingerprint: fc.constantFrom('a', 'b'),
  });
  const moment = fc.record({
    m2: member,
    m3: member,
    leader: fc.constantFrom('m1', 'm2', undefined),
    readable: fc.boolean(),
  });
  type Moment = typeof moment extends fc.Arbitrary<infer T> ? T : never;

  /** Turns moments into looks: who answers gets the time of the round, the others keep theirs. */
  function looksOf(moments: readonly Moment[]): Observation[] {
    const heartbeats = new Map<string, Date>();
    return moments.map((now, round) => {
      const others = (['m2', 'm3'] as const).flatMap((name) => {
        const { present, answers, id, ...rest } = now[name];
        if (!present) return [];
        if (answers || name === now.leader) heartbeats.set(name, at(round));
        const heartbeat = heartbeats.get(name) ?? zeroTime();
        return [row(name, round, { ...rest, id: id * 10 + Number(name[1]), heartbeat })];
      });
      const { leader, readable } = now;
      return look(round, readable ? [row('m1', round), ...others] : undefined, {
        leader: leader && addressOf(leader),
        self: 'm1',
      });
    });
  }

  /**
   * What somebody knows who saw the first view and heard the events.
   *
   * @throws Error when an event contradicts what was known before it
   */
  function replay(first: ClusterView, events: readonly EventDraft[]) {
    const members = new Map([...first.members].map(([name, known]) => [name, stateOf(known)]));
    let leader = first.leader?.name;
    for (const event of events) {
      const state = members.get(event.member);
      const must = (holds: boolean) => {
        if (!holds) throw new Error(`${JSON.stringify(event)} after ${JSON.stringify(state)}`);
      };
      switch (event.type) {
        case 'member-joined':
          must(state === undefined);
          members.set(event.member, { role: event.role, online: true });
          break;
        case 'member-left':
          must(state !== undefined);
          members.delete(event.member);
          break;
        case 'role-changed':
          // A role that was unknown at first is no event when it becomes known.
          must(state?.role === '' || state?.role === event.from);
          must(event.to !== event.from);
          members.set(event.member, { role: event.to, online: state?.online === true });
          break;
        case 'member-offline':
        case 'member-online': {
          const online = event.type === 'member-online';
          must(state?.online === !online);
          members.set(event.member, { role: state?.role ?? '', online });
          break;
        }
        case 'leader-changed':
          must(event.from === (leader ?? null) && event.to !== event.from);
          leader = event.to ?? undefined;
          break;
        case 'schema-upgraded':
        case 'certificate-updated':
          must(JSON.stringify(event.to) !== JSON.stringify(event.from));
      }
    }
    return { leader, members };
  }

  const stateOf = ({ role, online }: { role: string; online: boolean }) => ({ role, online });

  it('can be replayed: the first view and the events make the last view', () => {
    fc.assert(
      fc.property(fc.array(moment, { maxLength: 20 }), (moments) => {
        let first: ClusterView | undefined;
        let last: ClusterView | undefined;
        const events: EventDraft[] = [];
        for (const seen of looksOf(moments)) {
          const outcome = decideEvents(last, seen);
          last = outcome.view;
          first ??= last;
          events.push(...outcome.events);
        }
        if (first === undefined || last === undefined) return;
        const heard = replay(first, events);
        expect(heard.leader).toBe(last.leader?.name);
        expect([...heard.members.keys()].sort()).toEqual([...last.members.keys()].sort());
        for (const [name, known] of last.members) {
          expect(heard.members.get(name)?.online).toBe(known.online);
          const told = heard.members.get(name)?.role;
          expect(['', known.role]).toContain(told);
        }
      }),
    );
  });

  it('reports nothing when the same look is repeated', () => {
    fc.assert(
      fc.property(fc.array(moment, { minLength: 1, maxLength: 10 }), (moments) => {
        const looks = looksOf(moments);
        const once = eventsOf(...looks);
        const twice = eventsOf(...looks.flatMap((seen) => [seen, seen]));
        expect(twice).toEqual(once);
      }),
    );
  });
});
