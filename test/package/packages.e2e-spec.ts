/** The packages as their users get them: what is in them, and that they work outside of this repository. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPOSITORY } from '../support/programs.js';
import { OutsideProject } from './packed-packages.js';

const FOLDERS = ['libs/dqlite', 'libs/microcluster'] as const;

let project: OutsideProject;

beforeAll(() => {
  project = OutsideProject.with(...FOLDERS);
});

afterAll(() => {
  project[Symbol.dispose]();
});

describe('a tarball', () => {
  it.each([
    ['@microcluster/dqlite', 0],
    ['@microcluster/nest', 1],
  ])('of %s holds its licence, its readme and what its sources compile to', (name, at) => {
    const library = project.libraries[at];
    expect(library?.name).toBe(name);
    const files = library?.files ?? [];

    expect(files).toEqual(
      expect.arrayContaining(['LICENSE', 'README.md', 'package.json', 'dist/index.js']),
    );
    const compiled = files.filter((file) => file.startsWith('dist/'));
    expect(files.filter((file) => !file.startsWith('dist/'))).toHaveLength(3);
    // What has no source is left over from an older build: `npm run clean` removes it.
    const sourceOf = (file: string): string =>
      file.replace(/^dist/, 'src').replace(/\.(d\.ts|js|js\.map)$/, '.ts');
    const withoutSource = compiled.filter(
      (file) => !existsSync(join(REPOSITORY, FOLDERS[at] ?? '', sourceOf(file))),
    );
    expect(withoutSource).toEqual([]);
    expect(compiled.filter((file) => /\.(spec|fixture)\./.test(file))).toEqual([]);
  });
});

describe('outside of the repository', () => {
  it('every entry point is found and loads with the declared dependencies alone', () => {
    const said = project.run(`
      import { DqliteApp, DqliteError, isDqliteError, findLibrary } from '@microcluster/dqlite';
      import { timeLimit } from '@microcluster/dqlite/time-limit';
      import { MicroclusterModule, CoreApi, MicroclusterAdapter } from '@microcluster/nest';
      import { MicroclusterClient } from '@microcluster/nest/client';
      import { MicroclusterHealthIndicator } from '@microcluster/nest/terminus';
      import { existsSync } from 'node:fs';
      import { createRequire } from 'node:module';
      import { fileURLToPath } from 'node:url';

      const error = new DqliteError('CLOSED', { what: 'It' });
      const child = createRequire(import.meta.url).resolve('@microcluster/dqlite/database-process');
      console.log(JSON.stringify({
        kinds: [DqliteApp, findLibrary, timeLimit, MicroclusterModule, CoreApi, MicroclusterAdapter,
          MicroclusterClient, MicroclusterHealthIndicator].map((value) => typeof value),
        error: [error.message, isDqliteError(error, 'CLOSED')],
        child: existsSync(child),
        from: fileURLToPath(import.meta.resolve('@microcluster/nest')),
      }));
    `);

    expect(JSON.parse(said)).toEqual({
      kinds: Array.from({ length: 8 }, () => 'function'),
      error: ['It is closed', true],
      child: true,
      from: join(project.path, 'node_modules/@microcluster/nest/dist/index.js'),
    });
  });

  it('the client needs neither Nest nor a database', () => {
    const said = project.run(`
      import { renameSync } from 'node:fs';
      for (const name of ['@nestjs', 'fastify', 'koffi', 'reflect-metadata', 'rxjs', 'typeorm']) {
        renameSync('node_modules/' + name, 'node_modules/.without-' + name.replace('@', ''));
      }
      try {
        const { MicroclusterClient } = await import('@microcluster/nest/client');
        const client = new MicroclusterClient({ socketPath: '/nonexistent/control.socket' });
        console.log(await client.serverInfo().then(() => 'answered', (error) => error.message));
        await client.close();
        console.log(await import('@microcluster/nest').then(() => 'loaded', (error) => error.code));
      } finally {
        for (const name of ['@nestjs', 'fastify', 'koffi', 'reflect-metadata', 'rxjs', 'typeorm']) {
          renameSync('node_modules/.without-' + name.replace('@', ''), 'node_modules/' + name);
        }
      }
    `);

    expect(said).toMatch(/\/nonexistent\/control\.socket.*\nERR_MODULE_NOT_FOUND\n$/);
  });

  it('what is not exported cannot be imported', () => {
    const said = project.run(`
      const attempt = (name) => import(name).then(() => 'imported', (error) => error.code);
      console.log(await attempt('@microcluster/nest/dist/lifecycle/daemon.js'));
      console.log(await attempt('@microcluster/dqlite/dist/wire/index.js'));
    `);

    expect(said).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED\nERR_PACKAGE_PATH_NOT_EXPORTED\n');
  });

  const program = `
    import { DqliteClient, type DqliteErrorCode, type NodeRole, type SqlValue } from '@microcluster/dqlite';
    import { timeLimit } from '@microcluster/dqlite/time-limit';
    import { CoreApi, MicroclusterModule, isMicroclusterError } from '@microcluster/nest';
    import { MicroclusterClient, type ClusterMember } from '@microcluster/nest/client';
    import { Controller, Get, Module } from '@nestjs/common';

    @CoreApi()
    @Controller('1.0/items')
    class ItemsController {
      @Get() list(): string[] { return []; }
    }

    @Module({
      imports: [MicroclusterModule.forRoot({ stateDir: '/nonexistent', version: '1.0.0' })],
      controllers: [ItemsController],
    })
    export class AppModule {}

    export const role: NodeRole = 'stand-by';
    // @ts-expect-error this is no role
    export const wrong: NodeRole = 'standby';
    export const code: DqliteErrorCode = 'NO_LEADER';
    export const limit: AbortSignal = timeLimit(5);

    export async function first(client: DqliteClient): Promise<SqlValue | undefined> {
      const { rows } = await client.query('SELECT 1');
      return rows[0]?.[0];
    }
    export async function names(socketPath: string): Promise<string[]> {
      const members: readonly ClusterMember[] = await new MicroclusterClient({ socketPath }).clusterMembers();
      return members.map(({ name }) => name);
    }
    export function statusOf(error: unknown): number | undefined {
      return isMicroclusterError(error) ? error.status : undefined;
    }
  `;

  it('the types resolve with moduleResolution node16, and each declaration of ours is sound', () => {
    expect(project.check(program, { module: 'node16', resolution: 'node16', deep: true })).toBe('');
  });

  it('the types resolve with moduleResolution bundler', () => {
    expect(project.check(program, { module: 'esnext', resolution: 'bundler' })).toBe('');
  });

  it('a mistake in the use of them is found', () => {
    const said = project.check(
      `import { timeLimit } from '@microcluster/dqlite/time-limit';\ntimeLimit('5');`,
      { module: 'esnext', resolution: 'bundler' },
    );

    expect(said).toMatch(/^program\.ts\(2,11\): error TS2345/);
  });
});
