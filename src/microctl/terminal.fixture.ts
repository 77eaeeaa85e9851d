/** A terminal for tests, which keeps what was printed and answers questions. */
import type { Terminal } from './terminal.js';

export interface RecordingTerminal extends Terminal {
  readonly printed: { out: string; err: string };
  /** The questions that were asked. */
  readonly questions: string[];
}

/**
 * @param options.input what is on standard input
 * @param options.answers with them a person sits at the terminal, and gives these answers in order
 */
export function recordingTerminal(
  options: { readonly input?: string; readonly answers?: readonly string[] } = {},
): RecordingTerminal {
  const printed = { out: '', err: '' };
  const questions: string[] = [];
  const left = [...(options.answers ?? [])];
  return {
    printed,
    questions,
    isInteractive: options.answers !== undefined,
    out: (text) => {
      printed.out += text;
    },
    err: (text) => {
      printed.err += text;
    },
    readInput: async () => options.input ?? '',
    async ask(question) {
      questions.push(question);
      return left.shift() ?? '';
    },
  };
}
