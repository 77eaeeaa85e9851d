/** That the histogram is shown as prom-client shows its own. */
import { Histogram, Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { DurationHistogram } from './duration-histogram.js';
import { requestObserver } from './observers.js';

const definition = {
  type: 'histogram',
  name: 'x_seconds',
  help: 'Time',
  labels: ['listener', 'method', 'route', 'status'],
  buckets: [0.001, 0.01, 0.1],
} as const;

function histogram(registry: Registry): DurationHistogram {
  const { name, labels } = definition;
  return new DurationHistogram(definition, {
    name,
    help: 'Time.',
    labelNames: [...labels],
    registers: [registry],
  });
}

it('shows the same text as a histogram of prom-client', async () => {
  const [ours, theirs] = [new Registry(), new Registry()];
  const observe = requestObserver(histogram(ours));
  const { name, labels, buckets } = definition;
  const reference = new Histogram({
    name,
    help: 'Time.',
    labelNames: [...labels],
    buckets: [...buckets],
    registers: [theirs],
  });
  for (const route of ['/a', '/b/:id']) {
    for (const durationMs of [0, 1, 1.5, 10, 99, 100, 100.5, 60_000]) {
      observe({ listener: 'core', method: 'GET', route, status: 204, durationMs });
      reference.observe(
        { listener: 'core', method: 'GET', route, status: '2xx' },
        durationMs / 1000,
      );
    }
  }
  const lines = (text: string) =>
    text.split('\n').map((line) => {
      const [, before = line, inside = '', after = ''] = /^(\w+)\{(.*)\}(.*)$/.exec(line) ?? [];
      return `${before} ${inside.split(',').toSorted().join(',')} ${after}`;
    });
  expect(lines(await ours.metrics())).toEqual(lines(await theirs.metrics()));
  expect(await ours.getMetricsAsJSON()).toMatchObject([{ name, type: 'histogram' }]);
});

it('has few series, whatever clients send', async () => {
  const registry = new Registry();
  const observe = requestObserver(histogram(registry));
  for (let at = 0; at < 100; at += 1) {
    const method = ['GET', 'PROPFIND', 'MKCOL', 'LINK'][at % 4] ?? '';
    const status = at % 5 === 0 ? undefined : at * 10;
    observe({ listener: 'core', method, route: 'unmatched', status, durationMs: 1 });
  }
  const text = await registry.metrics();
  const methods = new Set([...text.matchAll(/method="(\w+)"/g)].map((match) => match[1]));
  const statuses = new Set([...text.matchAll(/status="(\w+)"/g)].map((match) => match[1]));
  expect([...methods].toSorted()).toEqual(['GET', 'other']);
  expect([...statuses].toSorted()).toEqual(['1xx', '2xx', '3xx', '4xx', '5xx', 'aborted']);
});
