/** Where a command reads and writes: the process's own streams, or a test's. */
import { addAbortSignal } from 'node:stream';

export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Everything on standard input, as text. */
  readInput(signal: AbortSignal): Promise<string>;
  /** Whether a person sits there: standard input and standard error are a terminal. Otherwise nothing prompts. */
  readonly isInteractive: boolean;
  /** Puts a question on standard error and reads one line; only where {@link isInteractive}. */
  ask(question: string, signal: AbortSignal): Promise<string>;
  /**
   * Lets the person change a text; only where {@link isInteractive}.
   *
   * @returns the text as it was saved
   */
  edit(text: string, signal: AbortSignal): Promise<string>;
}

/** The streams of this process. */
export const terminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  async readInput(signal) {
    const chunks: Buffer[] = [];
    for await (const chunk of addAbortSignal(signal, process.stdin))
      chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks).toString('utf8');
  },
  isInteractive: process.stdin.isTTY === true && process.stderr.isTTY === true,
  async ask(question, signal) {
    const { createInterface } = await import('node:readline/promises');
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    // The end of the input (Ctrl-D) is no answer.
    const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    try {
      return await Promise.race([lines.question(question, { signal }), ended]);
    } finally {
      lines.close();
    }
  },
  async edit(text, signal) {
    const { editText } = await import('./edit-text.js');
    return editText(text, process.env, signal);
  },
};
