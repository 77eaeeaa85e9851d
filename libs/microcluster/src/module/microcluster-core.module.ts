/** Owns the daemon of an application; global, so that its parts can be injected everywhere. */
import {
  Global,
  Module,
  type DynamicModule,
  type MiddlewareConsumer,
  type NestModule,
  type Provider,
} from '@nestjs/common';
import { APP_FILTER, DiscoveryModule } from '@nestjs/core';
import { CORE_ENDPOINTS } from '../core-api/index.js';
import { EnvelopeExceptionFilter } from '../listeners/index.js';
import { Attachment } from './attachment.js';
import { CORE_PROVIDERS } from './core-providers.js';
import { DaemonLifetime } from './daemon-lifetime.js';

@Global()
@Module({})
export class MicroclusterCoreModule implements NestModule {
  constructor(private readonly attachment: Attachment) {}

  /** @param settings providers of `DAEMON_ARGS`, and what they need */
  static with(settings: {
    readonly imports: NonNullable<DynamicModule['imports']>;
    readonly providers: readonly Provider[];
  }): DynamicModule {
    return {
      module: MicroclusterCoreModule,
      imports: [DiscoveryModule, ...settings.imports],
      providers: [
        ...settings.providers,
        ...CORE_PROVIDERS,
        ...CORE_ENDPOINTS,
        Attachment,
        DaemonLifetime,
        { provide: APP_FILTER, useClass: EnvelopeExceptionFilter },
      ],
      exports: [...settings.providers, ...CORE_PROVIDERS],
    };
  }

  /** Registers no middleware: of all that Nest calls, this alone comes before the routes are registered. */
  configure(_consumer: MiddlewareConsumer): void {
    this.attachment.attach();
  }
}
