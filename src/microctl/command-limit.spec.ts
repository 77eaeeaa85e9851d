import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { fakeDaemon, type Reply } from './daemon.fixture.js';
import { run } from './program.js';
import { recordingTerminal } from './terminal.fixture.js';

/** Of a daemon that takes the question and says nothing. */
const frozen: Reply = { beginning: '' };
const HINT = 'check that the daemon is alive, or give it longer with --timeout';
const TOO_LATE = `Error: The command was not done within 200 ms; ${HINT}\n`;

async function microctl(stateDir: string, argv: readonly string[], terminal = recordingTerminal()) {
  const code = await run(['--state-dir', stateDir, ...argv], {}, terminal);
  return { code, ...terminal.printed };
}

async function emptyDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'microctl-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

describe('a time limit that is given', () => {
  it('ends a backup whose daemon freezes in the middle, and leaves no file', async () => {
    const { stateDir } = await fakeDaemon({ beginning: 'half of a back' });
    const target = await emptyDirectory();
    const result = await microctl(stateDir, ['backup', '-t', '1s', join(target, 'b.mcb')]);
    expect(result).toEqual({
      code: 1,
      out: '',
      err: `Error: The command was not done within 1000 ms; ${HINT}\n`,
    });
    expect(await readdir(target)).toEqual([]);
  });

  it.each([
    ['/core/1.0/cluster', ['cluster', 'list']],
    ['/core/internal/sql', ['sql', '.dump']],
  ])('ends a request, and names it: %s', async (path, argv) => {
    const { stateDir } = await fakeDaemon(frozen);
    const result = await microctl(stateDir, [...argv, '-t', '200ms']);
    const what = `the control socket ${stateDir}/control.socket did not answer GET ${path}`;
    expect(result).toEqual({ code: 1, out: '', err: `Error: ${what} within 200 ms; ${HINT}\n` });
  });

  it.each([
    ['the examination of the doctor', ['doctor']],
    ['the plan of a removal', ['cluster', 'remove', 'c2', '--dry-run']],
  ])('ends %s', async (_, argv) => {
    const { stateDir } = await fakeDaemon(frozen, frozen);
    const result = await microctl(stateDir, [...argv, '-t', '200ms']);
    expect(result).toEqual({ code: 1, out: '', err: TOO_LATE });
  });

  it('is the regular end of what has no other', async () => {
    const { stateDir } = await fakeDaemon(frozen);
    const events = await microctl(stateDir, ['events', '-t', '200ms']);
    expect(events).toEqual({ code: 0, out: '', err: '' });
  });

  it('ends a watched list also in the middle of one', async () => {
    const { stateDir } = await fakeDaemon({ beginning: '', type: 'text/event-stream' }, frozen);
    const { code, err } = await microctl(stateDir, ['cluster', 'list', '--watch', '-t', '500ms']);
    expect({ code, err }).toEqual({
      code: 0,
      err: expect.stringContaining('did not answer GET /core/1.0/cluster within 500 ms'),
    });
  });
});

describe('the time that others take', () => {
  const LIST = '- id: 1\n  address: 127.0.0.1:9001\n  role: voter\n  name: c1\n';
  const anHourPasses = () => void vi.advanceTimersByTime(3_600_000);

  afterEach(() => {
    vi.useRealTimers();
  });

  async function edit(terminal: ReturnType<typeof recordingTerminal>, ...flags: string[]) {
    const stateDir = await emptyDirectory();
    for (const part of ['database', 'truststore']) await mkdir(join(stateDir, part));
    const cluster = '- ID: 1\n  Address: 127.0.0.1:9001\n  Role: 0\n';
    const trusted = 'name: c1\naddress: 127.0.0.1:9001\ncertificate: x\n';
    await writeFile(join(stateDir, 'database/cluster.yaml'), cluster);
    await writeFile(join(stateDir, 'truststore/c1.yaml'), trusted);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    return microctl(stateDir, ['cluster', 'edit', '-t', '10m', ...flags], terminal);
  }

  it('does not count where it is that of a person who answers or edits', async () => {
    const terminal = recordingTerminal({
      answers: ['yes'],
      editor: (text) => text.replace('role: voter', 'role: spare'),
      whileWaitedFor: anHourPasses,
    });
    const { code, err } = await edit(terminal);
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringMatching(/Error: cluster edit: At least one voter is required\n$/),
    });
  });

  it('counts where it is that of a program that writes to standard input', async () => {
    const terminal = recordingTerminal({ input: LIST, whileWaitedFor: anHourPasses });
    const { code, err } = await edit(terminal, '--yes');
    expect({ code, err }).toEqual({
      code: 1,
      err: `Error: The command was not done within 600000 ms; ${HINT}\n`,
    });
  });

  it('goes on after the person, for what is left', async () => {
    const terminal = recordingTerminal({
      answers: ['yes'],
      editor: (text) => {
        setImmediate(anHourPasses);
        return text;
      },
    });
    const { code, err } = await edit(terminal);
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringContaining('The command was not done within 600000 ms'),
    });
  });
});
