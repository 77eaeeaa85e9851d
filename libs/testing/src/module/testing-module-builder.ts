/** Nest's builder of testing modules, for applications that import `MicroclusterModule`. */
import type { ModuleMetadata, NestApplicationOptions } from '@nestjs/common';
import { HttpAdapterHost, MetadataScanner } from '@nestjs/core';
import { MicroclusterAdapter } from '@microcluster/nest';
import { DAEMON_ARGS_ADJUSTMENT, type DaemonArgsAdjustment } from '@microcluster/nest/testing-seam';
import { TestingModule, TestingModuleBuilder, type TestingModuleOptions } from '@nestjs/testing';
import type { AddressSource } from '../address-book.js';
import { BootstrapOnStart, type BootstrapRequest } from './bootstrap.js';

/** What the builder adds to Nest's. */
export interface BuilderParts {
  /** Prepares the surroundings of one compiled module. */
  readonly prepare: () => Promise<Surroundings>;
  /** Asks for a member instead of an uninitialised daemon. */
  readonly bootstrap?: BootstrapRequest;
  /** Where free addresses come from. */
  readonly addresses: AddressSource;
  readonly nest?: TestingModuleOptions;
}

/** What a compiled module runs in. */
export interface Surroundings {
  readonly adjustment: DaemonArgsAdjustment;
  /** Called once the module, or the application made from it, is closed, and when it cannot be compiled. */
  readonly dispose: () => Promise<void>;
}

type CompileOptions = Parameters<TestingModuleBuilder['compile']>[0];

/**
 * Compiles a testing module whose daemon runs in surroundings of its own. Every override of Nest's builder
 * works; `createNestApplication()` makes an application with a `MicroclusterAdapter`.
 */
export class ClusterTestingModuleBuilder extends TestingModuleBuilder {
  private readonly prepare: BuilderParts['prepare'];

  constructor(metadata: ModuleMetadata, parts: BuilderParts) {
    super(new MetadataScanner(), withBootstrap(metadata, parts), parts.nest);
    this.prepare = parts.prepare;
  }

  /** @throws whatever the application's providers throw; nothing is left behind then */
  override async compile(options?: CompileOptions): Promise<TestingModule> {
    const { adjustment, dispose } = await this.prepare();
    this.overrideProvider(DAEMON_ARGS_ADJUSTMENT).useValue(adjustment);
    try {
      const module = await super.compile(options);
      disposeAfter(module, dispose);
      serveWithOurAdapter(module, dispose);
      return module;
    } catch (error) {
      await dispose();
      throw error;
    }
  }
}

function withBootstrap(
  metadata: ModuleMetadata,
  { bootstrap, addresses }: BuilderParts,
): ModuleMetadata {
  if (bootstrap === undefined) return metadata;
  return {
    ...metadata,
    providers: [
      ...(metadata.providers ?? []),
      {
        provide: BootstrapOnStart,
        inject: [HttpAdapterHost],
        useFactory: (host: HttpAdapterHost) => new BootstrapOnStart(host, bootstrap, addresses),
      },
    ],
  };
}

/** Nest makes the module itself, which is why its methods are replaced on the object. */
function serveWithOurAdapter(module: TestingModule, dispose: () => Promise<void>): void {
  const create = module.createNestApplication.bind(module);
  Object.defineProperty(module, 'createNestApplication', {
    value: (first?: object, second?: NestApplicationOptions) => {
      const app =
        first !== undefined && 'patch' in first
          ? Reflect.apply(create, module, [first, second])
          : create(new MicroclusterAdapter(), first);
      disposeAfter(app, dispose);
      return app;
    },
  });
}

function disposeAfter(closable: { close(): Promise<void> }, dispose: () => Promise<void>): void {
  const close = closable.close.bind(closable);
  Object.defineProperty(closable, 'close', {
    value: async () => {
      try {
        await close();
      } finally {
        await dispose();
      }
    },
  });
}
