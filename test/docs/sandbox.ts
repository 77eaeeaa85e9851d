/** A project outside the repository in which a document's code is compiled and its commands are run. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { eventually } from '../support/eventually.js';
import { groupIsAlive, signalGroup } from '../support/process-group.js';
import { REPOSITORY } from '../support/programs.js';

const END_LIMIT_MS = 60_000;

const COMPILER_OPTIONS = {
  target: 'ES2023',
  lib: ['ES2023', 'ESNext.Disposable'],
  module: 'NodeNext',
  types: ['node'],
  strict: true,
  // As `nest new` sets it: entities are filled by TypeORM.
  strictPropertyInitialization: false,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  skipLibCheck: true,
  rootDir: 'src',
  outDir: 'dist',
};

export interface ScriptResult {
  readonly code: number | null;
  readonly output: string;
}

/** A temporary folder with the repository's packages and programs at hand. */
export class Sandbox implements AsyncDisposable {
  private readonly groups: number[] = [];

  private constructor(readonly directory: string) {}

  /** A temporary folder with nothing in it. */
  static async empty(): Promise<Sandbox> {
    return new Sandbox(await mkdtemp(join(tmpdir(), 'microcluster-docs-')));
  }

  static async create(): Promise<Sandbox> {
    const sandbox = await Sandbox.empty();
    const { directory } = sandbox;
    await symlink(join(REPOSITORY, 'node_modules'), join(directory, 'node_modules'));
    await writeFile(join(directory, 'package.json'), '{"type":"module","private":true}');
    await writeFile(
      join(directory, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: COMPILER_OPTIONS, include: ['src'] }),
    );
    // In the repository, npx finds the programs by package.json's `bin`; here by PATH.
    const npx = join(directory, 'bin', 'npx');
    await mkdir(dirname(npx));
    await writeFile(
      npx,
      `#!/bin/sh
program="$1"; shift
case "$program" in
  microctl|microd) exec "${process.execPath}" "${REPOSITORY}/dist/$program/main.js" "$@" ;;
  *) exec "${REPOSITORY}/node_modules/.bin/$program" "$@" ;;
esac
`,
    );
    await chmod(npx, 0o755);
    return sandbox;
  }

  /**
   * Writes code whose first line is a comment with its path.
   *
   * @param folder of `src`, which keeps the files of one document apart from those of another. Default: `src` itself.
   */
  async addSource(text: string, folder = ''): Promise<void> {
    const named = /^\/\/ src\/(\S+\.ts)\n/.exec(text)?.[1];
    if (named === undefined) throw new Error('a code block must begin with "// src/<file>.ts"');
    const path = join('src', folder, named);
    await mkdir(dirname(join(this.directory, path)), { recursive: true });
    await writeFile(join(this.directory, path), text);
  }

  /** Runs shell commands in the folder, up to the first that fails; background processes live on. */
  async run(script: string, env: Readonly<Record<string, string>> = {}): Promise<ScriptResult> {
    const child = spawn('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: this.directory,
      detached: true,
      env: {
        ...process.env,
        PATH: `${join(this.directory, 'bin')}:${process.env['PATH'] ?? ''}`,
        NO_COLOR: '1',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (child.pid !== undefined) this.groups.push(child.pid);
    let output = '';
    const keep = (chunk: string) => {
      output += chunk;
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    await once(child, 'exit');
    return { code: child.exitCode, output };
  }

  /** Waits until every background process has ended by itself. */
  async idle(): Promise<void> {
    await eventually('the background processes to end', END_LIMIT_MS, () => {
      if (this.groups.some(groupIsAlive)) throw new Error('some are alive');
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const group of this.groups) signalGroup(group, 'SIGKILL');
    await this.idle();
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}
