/** The module as Nest developers use it: forRoot, forRootAsync in all forms, overrides, inject, repositories. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  Controller,
  Get,
  Inject,
  Injectable,
  Module,
  type DynamicModule,
  type INestApplication,
} from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { Column, Entity, PrimaryGeneratedColumn, type Repository } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CoreApi, PreInit, ServeUnix } from '../access/index.js';
import { MicroclusterAdapter } from '../listeners/index.js';
import { DAEMON_ARGS, type DynamicDaemonArgs, type ParsedDaemonArgs } from '../options/index.js';
import { MicroclusterModule, type DaemonArgsFactory } from './microcluster.module.js';

@Entity({ name: 'notes' })
class Note {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'text' })
  text!: string;
}

const GREETING = Symbol('greeting');

@CoreApi()
@ServeUnix()
@PreInit()
@Controller('1.0/notes')
class Notes {
  constructor(
    @InjectRepository(Note) private readonly notes: Repository<Note>,
    @Inject(GREETING) private readonly greeting: string,
  ) {}

  @Get()
  list(): Promise<Note[]> {
    return this.notes.find();
  }

  @Get('greeting')
  greet(): string {
    return this.greeting;
  }
}

const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };
let directory: string;
let app: INestApplication | undefined;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'module-'));
});
afterEach(async () => {
  await app?.close();
  app = undefined;
  await rm(directory, { recursive: true, force: true });
});

/** Starts an application around the module, as a user's test would. */
async function start(module: DynamicModule, greeting?: string): Promise<NestFastifyApplication> {
  @Module({
    imports: [module, TypeOrmModule.forFeature([Note])],
    controllers: [Notes],
    providers: [{ provide: GREETING, useValue: 'hello' }],
  })
  class Application {}
  const builder = Test.createTestingModule({ imports: [Application] });
  if (greeting !== undefined) builder.overrideProvider(GREETING).useValue(greeting);
  const compiled = await builder.compile();
  const made = compiled.createNestApplication<NestFastifyApplication>(new MicroclusterAdapter(), {
    logger: false,
  });
  app = made;
  await made.init();
  return made;
}

const settings = (): DynamicDaemonArgs => ({
  stateDir: directory,
  version: '2.0.0',
  engine: 'sqlite',
  logger: silent,
});

@Injectable()
class Configuration {
  readonly settings = settings();
}

@Injectable()
class Factory implements DaemonArgsFactory {
  constructor(private readonly configuration: Configuration) {}

  createDaemonArgs(): Promise<DynamicDaemonArgs> {
    return Promise.resolve(this.configuration.settings);
  }
}

@Module({ providers: [Configuration, Factory], exports: [Configuration, Factory] })
class ConfigurationModule {}

describe('MicroclusterModule', () => {
  it.each<[string, () => DynamicModule]>([
    ['forRoot', () => MicroclusterModule.forRoot({ ...settings(), entities: [Note] })],
    [
      'forRootAsync with useFactory',
      () =>
        MicroclusterModule.forRootAsync({
          imports: [ConfigurationModule],
          inject: [Configuration],
          useFactory: (configuration: Configuration) => configuration.settings,
          entities: [Note],
        }),
    ],
    [
      'forRootAsync with useClass',
      () =>
        MicroclusterModule.forRootAsync({
          imports: [ConfigurationModule],
          useClass: Factory,
          entities: [Note],
        }),
    ],
    [
      'forRootAsync with useExisting',
      () =>
        MicroclusterModule.forRootAsync({
          imports: [ConfigurationModule],
          useExisting: Factory,
          entities: [Note],
        }),
    ],
  ])('%s makes an uninitialised daemon', async (_form, module) => {
    const made = await start(module());
    const answer = await made.inject('/core/1.0');
    expect(answer.json()).toMatchObject({ metadata: { version: '2.0.0', ready: false } });
    expect(made.get<ParsedDaemonArgs>(DAEMON_ARGS)).toMatchObject({ engine: 'sqlite' });
    expect((await made.inject('/core/1.0/ready')).statusCode).toBe(200);
  });

  it('injects repositories before the database is open; queries are answered 503', async () => {
    const made = await start(MicroclusterModule.forRoot({ ...settings(), entities: [Note] }));
    const answer = await made.inject('/1.0/notes');
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({
      type: 'error',
      error: 'Database is not yet initialized',
    });
  });

  it('lets a test override a provider of the application', async () => {
    const module = MicroclusterModule.forRoot({ ...settings(), entities: [Note] });
    const answer = await (await start(module, 'overridden')).inject('/1.0/notes/greeting');
    expect(answer.json()).toMatchObject({ status_code: 200, metadata: 'overridden' });
  });

  it('refuses a factory that is none, and settings that are wrong, before anything starts', async () => {
    expect(() => MicroclusterModule.forRootAsync({ entities: [Note] })).toThrow(
      'MicroclusterModule.forRootAsync needs one of useFactory, useClass and useExisting',
    );
    expect(() => MicroclusterModule.forRoot({ ...settings(), heartbeatIntervalMs: 1 })).toThrow(
      'heartbeatIntervalMs must be at least 100 ms',
    );
    const wrong = MicroclusterModule.forRootAsync({
      useFactory: () => ({ ...settings(), version: '' }),
      entities: [Note],
    });
    await expect(start(wrong)).rejects.toThrow("version must be the application's version");
  });
});
