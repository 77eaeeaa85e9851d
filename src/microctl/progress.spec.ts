import { expect, it } from 'vitest';
import { withProgress } from './progress.js';
import type { Settings } from './settings.js';
import { recordingTerminal, type RecordingTerminal } from './terminal.fixture.js';

const settings = (terminal: RecordingTerminal): Settings => ({
  stateDir: '/x',
  timeoutMs: 0,
  verbose: false,
  terminal,
  signal: new AbortController().signal,
});

it('shows what is done and why it takes long, and clears the line in the end', async () => {
  const terminal = recordingTerminal({ answers: [] });
  const result = await withProgress(
    settings(terminal),
    'Joining',
    async () => {
      await expect.poll(() => terminal.printed.err).toContain('Joining (starting) ');
      return 7;
    },
    { watch: async () => 'starting' },
  );
  expect(result).toBe(7);
  expect(terminal.printed.err.endsWith('\r\u001B[2K')).toBe(true);
});

it('says nothing where nobody watches, and lets failures through', async () => {
  const terminal = recordingTerminal();
  const failing = withProgress(settings(terminal), 'Joining', async () => {
    throw new Error('refused');
  });
  await expect(failing).rejects.toThrow('refused');
  expect(terminal.printed.err).toBe('');
});
