/** A terminal for tests, which keeps what was printed and answers questions. */
import type { Terminal } from './terminal.js';

export interface RecordingTerminal extends Terminal {
  readonly printed: { out: string; err: string };
  /** The questions that were asked. */
  readonly questions: string[];
  /** The texts that were given to edit. */
  readonly edited: string[];
}

/**
 * @param options.input what is on standard input
 * @param options.whileWaitedFor happens while the person answers, edits or types
 * @param options.editor what the person makes of a text; without it, leaves it as it is
 * @param options.answers with them a person sits at the terminal, and gives these answers in order
 */
export function recordingTerminal(
  options: {
    readonly input?: string;
    readonly whileWaitedFor?: () => void;
    readonly answers?: readonly string[];
    readonly editor?: (text: string) => string;
  } = {},
): RecordingTerminal {
  const printed = { out: '', err: '' };
  const questions: string[] = [];
  const edited: string[] = [];
  const left = [...(options.answers ?? [])];
  return {
    printed,
    questions,
    edited,
    isInteractive: options.answers !== undefined,
    out: (text) => {
      printed.out += text;
    },
    err: (text) => {
      printed.err += text;
    },
    async readInput(signal) {
      options.whileWaitedFor?.();
      signal.throwIfAborted();
      return options.input ?? '';
    },
    async ask(question, signal) {
      questions.push(question);
      options.whileWaitedFor?.();
      signal.throwIfAborted();
      return left.shift() ?? '';
    },
    async edit(text, signal) {
      edited.push(text);
      options.whileWaitedFor?.();
      signal.throwIfAborted();
      return options.editor?.(text) ?? text;
    },
  };
}
