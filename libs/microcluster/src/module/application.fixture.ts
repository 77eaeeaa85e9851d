/** A whole application on the embedded engine, in a temporary directory, for tests of what spans its parts. */
import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Module, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { freeAddress } from '@microcluster/dqlite/free-address';
import { MicroclusterAdapter } from '../listeners/index.js';
import type { DaemonArgs } from '../options/index.js';
import { MicroclusterModule } from './microcluster.module.js';

const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };

/** A started application; not a member yet. */
export class TestApplication implements AsyncDisposable {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly directory: string,
  ) {}

  static async start(
    args: Partial<DaemonArgs> = {},
    metadata: ModuleMetadata = {},
  ): Promise<TestApplication> {
    const directory = await mkdtemp(path.join(tmpdir(), 'application-'));
    @Module({
      ...metadata,
      imports: [
        MicroclusterModule.forRoot({
          stateDir: directory,
          version: '1.2.3',
          engine: 'sqlite',
          logger: silent,
          heartbeatIntervalMs: 100,
          ...args,
        }),
        ...(metadata.imports ?? []),
      ],
    })
    class Application {}
    try {
      const app = await NestFactory.create<NestFastifyApplication>(
        Application,
        new MicroclusterAdapter(),
        { logger: false, abortOnError: false },
      );
      await app.init();
      return new TestApplication(app, directory);
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  get socketPath(): string {
    return path.join(this.directory, 'control.socket');
  }

  /** Makes it the first member, `c1`, of a cluster. @returns its address */
  async bootstrap(): Promise<string> {
    const address = await freeAddress();
    const payload = { bootstrap: true, name: 'c1', address };
    const answer = await this.app.inject({ method: 'POST', url: '/core/control', payload });
    if (answer.statusCode !== 200) throw new Error(answer.body);
    return address;
  }

  /** GET over the control socket. */
  async get(url: string): Promise<{ readonly status: number | undefined; readonly body: string }> {
    const sent = request({ socketPath: this.socketPath, path: url }).end();
    const [answer]: IncomingMessage[] = await once(sent, 'response');
    if (answer === undefined) throw new Error('no answer');
    let body = '';
    for await (const chunk of answer.setEncoding('utf8')) body += String(chunk);
    return { status: answer.statusCode, body };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}
