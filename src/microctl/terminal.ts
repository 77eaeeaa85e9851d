/** Where a command reads and writes: the process's own streams, or a test's. */

export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Everything on standard input, as text. */
  readInput(): Promise<string>;
}

/** The streams of this process. */
export const terminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  async readInput() {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks).toString('utf8');
  },
};
