import { afterEach, expect, it, vi } from 'vitest';
import { DaemonLogger } from './daemon-logger.js';

afterEach(() => {
  vi.restoreAllMocks();
});

function written(level: 'info' | 'debug', use: (logger: DaemonLogger) => void): string {
  const out: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out.push(String(text));
    return true;
  });
  use(new DaemonLogger(level));
  write.mockRestore();
  return out.join('');
}

it('writes one line for an event and its fields', () => {
  const text = written('info', (logger) => {
    logger.warn({
      event: 'heartbeat-failed',
      member: 'c3',
      id: 2n ** 63n,
      why: 'two words',
      error: new Error('no route'),
    });
  });
  expect(text.split('\n')).toHaveLength(2);
  expect(text).toContain(
    'heartbeat-failed member=c3 id=9223372036854775808 why="two words" error="no route"',
  );
});

it('shows how Nest assembles the application only in debug', () => {
  const use = (logger: DaemonLogger) => logger.log('Mapped {/x, GET} route', 'RouterExplorer');
  expect(written('info', use)).toBe('');
  expect(written('debug', use)).toContain('Mapped {/x, GET} route');
});
