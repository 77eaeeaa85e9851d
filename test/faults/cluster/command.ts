/** Runs a program of the system to its end. */
import { spawn } from 'node:child_process';

const LIMIT_MS = 30_000;

/**
 * @param input given to its standard input
 * @returns what it printed
 * @throws Error with its error text when it cannot be started, fails, or takes longer than 30 s
 */
export function run(command: readonly string[], input = ''): Promise<string> {
  const [program = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'pipe', timeout: LIMIT_MS, killSignal: 'SIGKILL' });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(out);
      else reject(new Error(`${command.join(' ')}: ${err.trim() || `ended with ${code}`}`));
    });
    child.stdin.on('error', () => undefined); // it may end without reading
    child.stdin.end(input);
  });
}
