/** Debian's programs over go-dqlite: the `dqlite` shell and the `dqlite-demo` member. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const PROGRAMS = ['dqlite', 'dqlite-demo'] as const;

/** What is missing for these tests, or `undefined` when they can run. */
export function missingPrograms(): string | undefined {
  const missing = PROGRAMS.filter((program) => !isInstalled(program));
  if (missing.length === 0) return undefined;
  return `${missing.join(' and ')} not found; on Debian: apt install go-dqlite`;
}

function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Runs one command of the shell in `cwd` and returns what it printed; rejects when it fails or takes 20 s. */
export async function dqliteShell(
  servers: readonly string[],
  database: string,
  command: string,
  options: { readonly json?: boolean; readonly cwd?: string } = {},
): Promise<string> {
  const format = options.json === true ? ['-f', 'json'] : [];
  const args = [...format, '-s', servers.join(','), database, command];
  return new Promise((resolve, reject) => {
    const limits = { timeout: 20_000, killSignal: 'SIGKILL' as const };
    const place = options.cwd === undefined ? {} : { cwd: options.cwd };
    execFile('dqlite', args, { ...limits, ...place }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`dqlite ${args.join(' ')} failed: ${stderr}`, { cause: error }));
    });
  });
}

/** A member in Go with its small HTTP interface: `PUT /key` and `GET /key` on the table `model` of `demo`. */
export class DqliteDemo implements AsyncDisposable {
  readonly #args: readonly string[];
  readonly #api: string;
  #process: ChildProcess | undefined;

  constructor(options: {
    readonly address: string;
    readonly api: string;
    readonly directory: string;
    readonly join?: readonly string[];
  }) {
    const { address, api, directory, join: known = [] } = options;
    this.#api = api;
    this.#args = ['-a', api, '-d', address, '-D', directory];
    if (known.length > 0) this.#args = [...this.#args, '-j', known.join(',')];
  }

  start(): void {
    this.#process = spawn('dqlite-demo', this.#args, { stdio: 'ignore' });
  }

  async put(key: string, value: string): Promise<void> {
    const answer = await this.#request(key, { method: 'PUT', body: value });
    if (answer.trim() !== 'done') throw new Error(`dqlite-demo answered: ${answer}`);
  }

  async get(key: string): Promise<string> {
    return (await this.#request(key, {})).trim();
  }

  /** Ends it at once, or cleanly with SIGTERM. */
  async stop(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #request(key: string, init: RequestInit): Promise<string> {
    const signal = AbortSignal.timeout(15_000);
    const response = await fetch(`http://${this.#api}/${key}`, { ...init, signal });
    return response.text();
  }
}
