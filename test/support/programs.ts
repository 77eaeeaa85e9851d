/** Runs the built programs as an operator would. */
import { execFile, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

/** The repository. */
export const REPOSITORY = resolve(import.meta.dirname, '../..');

export interface ProgramResult {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/**
 * Runs a program of the system to its end.
 *
 * @throws Error with what it printed on standard error when it fails
 */
export async function runFile(file: string, args: readonly string[]): Promise<void> {
  await promisify(execFile)(file, [...args]);
}

/** Runs `dist/<program>/main.js` to its end; `input` is given to its standard input. */
export function runProgram(
  program: 'microctl' | 'microd',
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  input = '',
): Promise<ProgramResult> {
  return new Promise((done, reject) => {
    const file = resolve(REPOSITORY, 'dist', program, 'main.js');
    const child = spawn(process.execPath, [file, ...args], { env, stdio: 'pipe' });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      out += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      err += chunk;
    });
    child.once('error', reject);
    child.once('close', (code) => done({ code, out, err }));
    child.stdin.on('error', () => undefined); // it may end without reading
    child.stdin.end(input);
  });
}
