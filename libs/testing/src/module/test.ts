/** `Test` as Nest has it, for applications that import `MicroclusterModule`. */
import type { LoggerService, ModuleMetadata } from '@nestjs/common';
import type { TestingModuleOptions } from '@nestjs/testing';
import { AddressBook } from '../address-book.js';
import { makeTemporaryDirectory, removeTemporaryDirectory } from '../temporary-directory.js';
import type { BootstrapRequest } from './bootstrap.js';
import { quietLogger } from './quiet-logger.js';
import { adjustmentFor, type TestDaemonArgs } from './test-settings.js';
import { ClusterTestingModuleBuilder } from './testing-module-builder.js';

/** What a test may choose besides what Nest offers. */
export interface TestingOptions extends TestingModuleOptions {
  /**
   * Makes the application the first member of a cluster in `app.init()`, so that its database is open.
   * Default `false`: it is a daemon that waits for bootstrap or join.
   */
  readonly bootstrap?: boolean | BootstrapRequest;
  /** Settings that win over those of the application and of the testing module. */
  readonly daemon?: TestDaemonArgs;
  /** Where the daemon logs. Default: errors to the console. */
  readonly logger?: LoggerService;
}

/**
 * Makes testing modules: import it from here instead of `@nestjs/testing`, and everything else is as usual.
 * The daemon runs on the embedded engine in a temporary directory, which goes when the application is closed.
 *
 * @example
 * const module = await Test.createTestingModule({ imports: [AppModule] }, { bootstrap: true })
 *   .overrideGuard(ApiKeyGuard)
 *   .useValue({ canActivate: () => true })
 *   .compile();
 * const app = module.createNestApplication();
 * await app.init();
 */
export class Test {
  static createTestingModule(
    metadata: ModuleMetadata,
    options: TestingOptions = {},
  ): ClusterTestingModuleBuilder {
    const { bootstrap = false, daemon = {}, logger = quietLogger(), ...nest } = options;
    const addresses = new AddressBook();
    return new ClusterTestingModuleBuilder(metadata, {
      nest,
      addresses,
      ...(bootstrap !== false && { bootstrap: bootstrap === true ? {} : bootstrap }),
      prepare: async () => {
        const stateDir = await makeTemporaryDirectory();
        return {
          adjustment: adjustmentFor({ stateDir, engine: 'sqlite', logger, addresses, daemon }),
          dispose: () => removeTemporaryDirectory(stateDir),
        };
      },
    });
  }
}
