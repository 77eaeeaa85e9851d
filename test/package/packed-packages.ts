/** The libraries as npm publishes them, unpacked in a project outside the repository that has nothing else. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { REPOSITORY } from '../support/programs.js';

const tarballSchema = z.tuple([
  z.object({
    name: z.string(),
    filename: z.string(),
    files: z.array(z.object({ path: z.string() })),
  }),
]);

const names = z.record(z.string(), z.string()).default({});
const manifestSchema = z.object({ dependencies: names, peerDependencies: names });

/** A library as its tarball has it. */
export interface PackedLibrary {
  readonly name: string;
  /** Paths inside of the package. */
  readonly files: readonly string[];
}

/** How a program is checked. */
export interface CheckOptions {
  readonly module: string;
  readonly resolution: string;
  /** Also check the declarations themselves, which takes three times as long. */
  readonly deep?: boolean;
}

/**
 * A project whose `node_modules` has the packed libraries, what they declare as dependencies and peers, and
 * TypeScript's types of Node; so an import that a library does not declare fails there.
 */
export class OutsideProject implements Disposable {
  private constructor(
    readonly path: string,
    readonly libraries: readonly PackedLibrary[],
  ) {}

  /** @param folders of the libraries in the repository, built */
  static with(...folders: readonly string[]): OutsideProject {
    const path = mkdtempSync(join(tmpdir(), 'outside-project-'));
    try {
      const libraries = folders.map((folder) => unpack(folder, path));
      const own = new Set(libraries.map(({ name }) => name));
      for (const folder of folders) {
        for (const name of declaredBy(join(REPOSITORY, folder))) {
          if (!own.has(name)) link(name, join(REPOSITORY, folder), path);
        }
      }
      link('@types/node', REPOSITORY, path);
      writeFileSync(
        join(path, 'package.json'),
        JSON.stringify({ name: 'outside', private: true, type: 'module' }),
      );
      return new OutsideProject(path, libraries);
    } catch (error) {
      rmSync(path, { recursive: true, force: true });
      throw error;
    }
  }

  /** Runs an ES module in the project and returns what it printed. */
  run(code: string): string {
    writeFileSync(join(this.path, 'program.mjs'), code);
    return execFileSync(process.execPath, ['program.mjs'], {
      cwd: this.path,
      encoding: 'utf8',
      timeout: 120_000,
    });
  }

  /** What the compiler says about `code` and our declarations, nothing when it has no objection. */
  check(code: string, options: CheckOptions): string {
    writeFileSync(join(this.path, 'program.ts'), code);
    const compilerOptions = {
      module: options.module,
      moduleResolution: options.resolution,
      target: 'ES2023',
      lib: ['ES2023', 'ESNext.Disposable'],
      types: ['node'],
      strict: true,
      exactOptionalPropertyTypes: true,
      experimentalDecorators: true,
      skipLibCheck: options.deep !== true,
      noEmit: true,
    };
    const config = { compilerOptions, files: ['program.ts'] };
    writeFileSync(join(this.path, 'tsconfig.json'), JSON.stringify(config));
    const compiler = join(REPOSITORY, 'node_modules', 'typescript', 'bin', 'tsc');
    const { status, stdout } = spawnSync(process.execPath, [compiler, '--pretty', 'false'], {
      cwd: this.path,
      encoding: 'utf8',
      timeout: 300_000,
    });
    if (status === null) throw new Error('The compiler did not finish within 300 s');
    // What is wrong in the declarations of others is not ours to mend.
    const ours = /^(program\.ts|node_modules\/@microcluster\/|error)/;
    return stdout
      .split('\n')
      .filter((line) => ours.test(line))
      .join('\n');
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

function unpack(folder: string, project: string): PackedLibrary {
  const arguments_ = ['pack', '--json', '--ignore-scripts', '--pack-destination', project];
  const said = execFileSync('npm', arguments_, {
    cwd: join(REPOSITORY, folder),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 180_000,
  });
  const [{ name, filename, files }] = tarballSchema.parse(JSON.parse(said));
  const target = join(project, 'node_modules', name);
  mkdirSync(target, { recursive: true });
  execFileSync('tar', ['-xzf', join(project, filename), '-C', target, '--strip-components=1']);
  return { name, files: files.map((file) => file.path) };
}

function declaredBy(folder: string): string[] {
  const text = readFileSync(join(folder, 'package.json'), 'utf8');
  const { dependencies, peerDependencies } = manifestSchema.parse(JSON.parse(text));
  return [...Object.keys(dependencies), ...Object.keys(peerDependencies)];
}

/** Links the version of a package that the repository's `from` uses. An optional peer may be missing there. */
function link(name: string, from: string, project: string): void {
  const target = join(project, 'node_modules', name);
  for (let folder = from; folder.startsWith(REPOSITORY); folder = dirname(folder)) {
    const installed = join(folder, 'node_modules', name);
    if (!existsSync(installed) || existsSync(target)) continue;
    mkdirSync(dirname(target), { recursive: true });
    symlinkSync(installed, target);
  }
}
