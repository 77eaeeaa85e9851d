/** The ring of the last events, and those who follow it. */
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { EventLog, type Followed } from './event-log.js';
import type { EventDraft } from './event-draft.js';

const draft = (n: number): EventDraft => ({
  type: 'role-changed',
  time: new Date(n),
  member: `m${n}`,
  from: 'spare',
  to: 'voter',
});

/** Takes `count` items; what is not there within the time limit of the test fails it. */
async function take(items: AsyncGenerator<Followed>, count: number): Promise<string[]> {
  const taken: string[] = [];
  while (taken.length < count) {
    const { value, done } = await items.next();
    if (done === true) break;
    taken.push(value === 'idle' ? 'idle' : value.type === 'gap' ? 'gap' : value.member);
  }
  return taken;
}

function follow(log: EventLog, after?: string, idleMs = 60_000) {
  const ended = new AbortController();
  return { items: log.follow({ after, idleMs, signal: ended.signal }), ended };
}

describe('a follower', () => {
  it('gets what happens from now on, in order', async () => {
    const log = new EventLog();
    log.append(draft(1));
    const { items } = follow(log);
    const taken = take(items, 2);
    log.append(draft(2));
    await pause(1);
    log.append(draft(3));
    expect(await taken).toEqual(['m2', 'm3']);
  });

  it('misses nothing between the call and its first item', async () => {
    const log = new EventLog();
    const { items } = follow(log);
    log.append(draft(1));
    expect(await take(items, 1)).toEqual(['m1']);
  });

  it('goes on after the event that it names', async () => {
    const log = new EventLog();
    const [first] = [1, 2, 3].map((n) => log.append(draft(n)));
    expect(await take(follow(log, first?.id).items, 2)).toEqual(['m2', 'm3']);
    const last = log.append(draft(4));
    const { items } = follow(log, last.id);
    log.append(draft(5));
    expect(await take(items, 1)).toEqual(['m5']);
  });

  it('is told of a gap when the ring has lost what it asks for, and gets all that is left', async () => {
    const log = new EventLog(2);
    const [first] = [1, 2, 3, 4].map((n) => log.append(draft(n)));
    expect(await take(follow(log, first?.id).items, 3)).toEqual(['gap', 'm3', 'm4']);
  });

  it.each(['', 'nonsense', '00000000-1', 'x-'])(
    'is told of a gap when its id "%s" is not of this process',
    async (id) => {
      const log = new EventLog();
      log.append(draft(1));
      expect(await take(follow(log, id).items, 2)).toEqual(['gap', 'm1']);
    },
  );

  it('is told of a gap when it names an event that has not happened', async () => {
    const log = new EventLog();
    const { id } = log.append(draft(1));
    expect(await take(follow(log, id.replace('-1', '-9')).items, 2)).toEqual(['gap', 'm1']);
  });

  it('is told when nothing happens', async () => {
    const { items } = follow(new EventLog(), undefined, 1);
    expect(await take(items, 2)).toEqual(['idle', 'idle']);
  });

  it('ends with its signal', async () => {
    const { items, ended } = follow(new EventLog());
    const taken = take(items, 1);
    ended.abort();
    expect(await taken).toEqual([]);
  });

  it('that the ring has overtaken is thrown out, and the others are not held up', async () => {
    const log = new EventLog(2);
    const slow = follow(log).items;
    const fast = follow(log).items;
    for (const n of [1, 2]) log.append(draft(n));
    expect(await take(fast, 2)).toEqual(['m1', 'm2']);
    log.append(draft(3));
    await expect(slow.next()).rejects.toMatchObject({ code: 'EVENTS_TOO_SLOW' });
    expect(await take(fast, 1)).toEqual(['m3']);
  });
});
