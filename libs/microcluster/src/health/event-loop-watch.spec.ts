/** The watch on an event loop that really stands still. */
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { decideLive } from './decide-health.js';
import { EventLoopWatch } from './event-loop-watch.js';
import { failuresOf, healthReport } from './health-report.js';

let watch: EventLoopWatch;

beforeEach(() => {
  watch = new EventLoopWatch(500);
  watch.onModuleInit();
});

afterEach(() => {
  watch.onApplicationShutdown();
});

/** Lets nothing else happen in this process. */
function standStill(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

function failures(): string {
  return failuresOf(healthReport(decideLive({ databaseProcess: 'running', eventLoop: watch })));
}

it('fails who asks after a stall, and no longer when the loop turns on time again', async () => {
  standStill(600);
  expect(failures()).toMatch(
    /^event-loop: it stood still for \d+\.\d s, longer than 0\.5 s; look for/,
  );
  // Who waited for the loop comes after the look that was due.
  await wait(1);
  expect(failures()).toMatch(/^event-loop: /);
  await expect.poll(failures).toBe('');
});

it('does not fail while it is not watched', () => {
  watch.onApplicationShutdown();
  standStill(600);
  expect(failures()).toBe('');
});
