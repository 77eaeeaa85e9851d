import { describe, expect, it } from 'vitest';
import { run } from './program.js';
import { recordingTerminal } from './terminal.fixture.js';

async function microctl(argv: string[], environment: Record<string, string> = {}) {
  const terminal = recordingTerminal();
  const code = await run(argv, environment, terminal);
  return { code, ...terminal.printed };
}

describe('microctl', () => {
  it('prints help when it is asked for, and when no command is given', async () => {
    for (const argv of [['--help'], [], ['cluster'], ['tokens']]) {
      const { code, out, err } = await microctl(argv);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).toContain('Usage: microctl');
    }
  });

  it.each([
    ['init', ['init', 'c1']],
    ['init', ['init', 'c1', '127.0.0.1:1', 'extra']],
    ['list', ['cluster', 'list', 'extra']],
    ['add', ['tokens', 'add']],
    ['sql', ['sql']],
    ['shutdown', ['shutdown', 'now']],
  ])('prints the help of %s on a wrong number of arguments: %j', async (name, argv) => {
    const { code, out } = await microctl(argv);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^Usage: microctl (\\w+ )?${name} `));
  });

  it.each([
    [['frobnicate'], 'unknown command "frobnicate" for "microctl"'],
    [['cluster', 'frobnicate'], 'unknown command "frobnicate" for "microctl cluster"'],
    [['cluster', 'list', '--frobnicate'], "unknown option '--frobnicate'"],
    [['waitready', '--timeout', 'soon'], 'Invalid duration "soon"'],
    [['events', '-t', '600h'], 'Invalid duration "600h": the longest limit is 596h31m; 0 is none'],
    [['shutdown', '-t', '2147483.648'], 'Invalid duration "2147483.648"'],
    [['shutdown', '-t', '2147483.647'], 'Missing state directory'],
    [['shutdown'], 'Missing state directory'],
    [
      ['--state-dir', '/x', 'init', 'c1', '127.0.0.1:1'],
      'Option must be one of bootstrap or token',
    ],
    [
      ['--state-dir', '/x', 'init', 'c1', '127.0.0.1:1', '--bootstrap', '--token', 't'],
      'Option must be one of bootstrap or token',
    ],
    [['--state-dir', '/x', 'init', 'c1', 'here', '--bootstrap'], 'Received invalid address "here"'],
    [
      ['--state-dir', '/x', 'init', 'c1', '127.0.0.1:1', '--bootstrap', '--config', 'a=1,b'],
      'Malformed additional configuration value b',
    ],
    [['--state-dir', '/x', 'cluster', 'list', '-f', 'xml'], 'Invalid format "xml"'],
    [
      ['--state-dir', '/x', 'tokens', 'add', 'c2', '-e', 'soon'],
      'Invalid value for expire-after: Invalid duration "soon"',
    ],
    [
      ['--state-dir', '/nowhere', 'shutdown'],
      '/nowhere/control.socket: it does not exist; start the daemon',
    ],
  ])('fails with a sentence: %j', async (argv, text) => {
    const { code, out, err } = await microctl(argv);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^Error: /);
    expect(err).toContain(text);
  });

  it('takes the state directory from the environment', async () => {
    const { err } = await microctl(['shutdown'], { STATE_DIR: '/nowhere' });
    expect(err).toContain('/nowhere/control.socket');
  });
});
