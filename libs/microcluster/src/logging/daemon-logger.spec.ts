import { Logger } from '@nestjs/common';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { DaemonLogger, type DaemonLoggerOptions } from './daemon-logger.js';

afterEach(() => {
  vi.restoreAllMocks();
});

/** What a logger writes to standard output and standard error. */
function written(options: DaemonLoggerOptions, use: (logger: DaemonLogger) => void): string {
  const out: string[] = [];
  const keep = (text: string | Uint8Array) => {
    out.push(String(text));
    return true;
  };
  const writes = [
    vi.spyOn(process.stdout, 'write').mockImplementation(keep),
    vi.spyOn(process.stderr, 'write').mockImplementation(keep),
  ];
  use(new DaemonLogger(options));
  for (const write of writes) write.mockRestore();
  return out.join('');
}

const failure = {
  event: 'heartbeat-failed',
  member: 'c3',
  id: 2n ** 63n,
  why: 'two words',
  nothing: undefined,
  error: Object.assign(new Error('no route\nat all'), { code: 'EHOSTUNREACH' }),
};

describe('lines for people', () => {
  it('are one for an event and its fields', () => {
    const text = written({}, (logger) => {
      logger.warn(failure);
    });
    expect(text.split('\n')).toHaveLength(2);
    expect(text).toContain(
      'heartbeat-failed member=c3 id=9223372036854775808 why="two words" error="no route\\nat all"',
    );
  });

  it('show how Nest assembles the application only in debug', () => {
    const use = (logger: DaemonLogger) => logger.log('Mapped {/x, GET} route', 'RouterExplorer');
    expect(written({}, use)).toBe('');
    expect(written({ level: 'debug' }, use)).toContain('Mapped {/x, GET} route');
  });
});

describe('lines for programs', () => {
  const record = (level: DaemonLoggerOptions['level'], use: (logger: DaemonLogger) => void) => {
    const text = written({ format: 'json', ...(level && { level }) }, use);
    expect(text).toMatch(/^\{.*\}\n$/);
    const parsed: unknown = JSON.parse(text);
    return parsed;
  };

  it('have the fields of an event', () => {
    expect(record('info', (logger) => logger.warn(failure))).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      level: 'warn',
      event: 'heartbeat-failed',
      member: 'c3',
      id: '9223372036854775808',
      why: 'two words',
      error: { message: 'no route\nat all', code: 'EHOSTUNREACH' },
    });
  });

  it('have the message and the context of everything else', () => {
    expect(record('info', (logger) => logger.log('Saved 3 items', 'Items'))).toMatchObject({
      level: 'info',
      context: 'Items',
      message: 'Saved 3 items',
    });
  });

  it('keep the stack of an error for debug, and what was logged with it', () => {
    const stack = 'Error: lost\n    at here';
    const line = record('info', (logger) => logger.error('lost', stack, 'Items'));
    expect(line).toMatchObject({ level: 'error', message: 'lost', context: 'Items', stack });
    const { error } = failure;
    const debugged = record('debug', (logger) => logger.error({ event: 'lost', error }));
    expect(debugged).toMatchObject({ error: { stack: expect.stringContaining('at ') } });
  });

  it('never let a field replace the level or the time', () => {
    const line = record('info', (logger) => logger.log({ event: 'x', level: 'none', time: 0 }));
    expect(line).toMatchObject({ level: 'info', time: expect.any(String) });
  });

  it("serve Nest's own Logger too", () => {
    const line = record('info', (logger) => {
      Logger.overrideLogger(logger);
      new Logger('Daemon').log({ event: 'life-cycle', to: 'ready' });
      Logger.overrideLogger(false);
    });
    expect(line).toMatchObject({ context: 'Daemon', event: 'life-cycle', to: 'ready' });
  });
});
