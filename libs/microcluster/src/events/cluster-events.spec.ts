/** What providers of an application hear of the cluster. */
import { describe, expect, expectTypeOf, it } from 'vitest';
import { ClusterEvents } from './cluster-events.js';
import { EventLog } from './event-log.js';

function create() {
  const errors: object[] = [];
  const log = new EventLog();
  const events = new ClusterEvents(log, { error: (entry: object) => void errors.push(entry) });
  const leads = (to: string | null) =>
    log.append({ type: 'leader-changed', time: new Date(0), member: 'm1', from: 'm1', to });
  const leaves = (member: string) =>
    log.append({ type: 'member-left', time: new Date(0), member, address: '', role: 'spare' });
  return { events, errors, leads, leaves };
}

describe('ClusterEvents', () => {
  it('streams every event from the subscription on', () => {
    const { events, leads, leaves } = create();
    leads('m0');
    const heard: string[] = [];
    const subscription = events.stream.subscribe(({ type }) => heard.push(type));
    leads('m2');
    leaves('m1');
    subscription.unsubscribe();
    leads('m3');
    expect(heard).toEqual(['leader-changed', 'member-left']);
  });

  it('calls listeners of one kind, until they are taken back', () => {
    const { events, leads, leaves } = create();
    const heard: unknown[] = [];
    const off = events.on('leader-changed', ({ to }) => heard.push(to));
    leads('m2');
    leaves('m3');
    leads(null);
    off();
    leads('m4');
    expect(heard).toEqual(['m2', null]);
  });

  it('logs what a listener throws or rejects with, and goes on', async () => {
    const { events, errors, leaves } = create();
    const heard: string[] = [];
    events.on('member-left', () => Promise.reject(new Error('later')));
    events.on('member-left', () => {
      throw new Error('at once');
    });
    events.on('member-left', ({ member }) => heard.push(member));
    leaves('m2');
    await Promise.resolve();
    expect(heard).toEqual(['m2']);
    expect(errors).toMatchObject([
      { event: 'cluster-event-listener-failed', error: { message: 'at once' } },
      { event: 'cluster-event-listener-failed', error: { message: 'later' } },
    ]);
  });

  it('completes at the end', () => {
    const { events } = create();
    let isComplete = false;
    events.of('member-left').subscribe({ complete: () => (isComplete = true) });
    events.complete();
    expect(isComplete).toBe(true);
  });

  it('knows the fields of each kind', () => {
    const { events } = create();
    events.of('member-left', 'role-changed').subscribe((event) => {
      expectTypeOf(event.type).toEqualTypeOf<'member-left' | 'role-changed'>();
    });
    events.on('certificate-updated', (event) => {
      expectTypeOf(event.from).toEqualTypeOf<string | null>();
    });
    // @ts-expect-error there is no such kind
    events.on('member-promoted', () => undefined);
  });
});
