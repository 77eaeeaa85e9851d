/** The module that an application imports to become a member of a cluster. */
import { Module, type DynamicModule, type Provider, type Type } from '@nestjs/common';
import {
  DAEMON_ARGS,
  DAEMON_ARGS_ADJUSTMENT,
  UNADJUSTED,
  mergeServers,
  parseDaemonArgs,
  type DaemonArgs,
  type DaemonArgsAdjustment,
  type DynamicDaemonArgs,
  type ParsedDaemonArgs,
  type StaticDaemonArgs,
} from '../options/index.js';
import { MicroclusterCoreModule } from './microcluster-core.module.js';

/** A class that produces settings, for `useClass` and `useExisting`. */
export interface DaemonArgsFactory {
  createDaemonArgs(): DynamicDaemonArgs | Promise<DynamicDaemonArgs>;
}

/** Settings whose dynamic part comes from a factory; servers, entities and extensions stay static. */
export interface DaemonArgsAsync extends StaticDaemonArgs {
  readonly imports?: NonNullable<DynamicModule['imports']>;
  /** Tokens of what the factory is called with. */
  readonly inject?: readonly (string | symbol | Type)[];
  readonly useFactory?: (...args: never[]) => DynamicDaemonArgs | Promise<DynamicDaemonArgs>;
  readonly useClass?: Type<DaemonArgsFactory>;
  readonly useExisting?: Type<DaemonArgsFactory>;
}

/**
 * Turns a Nest application into a member of a highly available cluster.
 *
 * @example
 * \@Module({ imports: [MicroclusterModule.forRoot({ stateDir: '/var/lib/itemsd', version: '1.0.0' })] })
 * export class AppModule {}
 */
@Module({})
export class MicroclusterModule {
  /**
   * @param args the settings of the daemon
   * @throws TypeError that names every setting which cannot be used
   */
  static forRoot(args: DaemonArgs): DynamicModule {
    // A directory that is missing here may still come from a testing module; the start asks again.
    parseDaemonArgs({ ...args, stateDir: args.stateDir ?? '.' });
    return MicroclusterModule.around(
      [],
      [
        UNADJUSTED,
        {
          provide: DAEMON_ARGS,
          inject: [DAEMON_ARGS_ADJUSTMENT],
          useFactory: async (adjust: DaemonArgsAdjustment) => parseDaemonArgs(await adjust(args)),
        },
      ],
    );
  }

  /** As {@link forRoot}, with the settings made by a factory when the application starts. */
  static forRootAsync(options: DaemonArgsAsync): DynamicModule {
    return MicroclusterModule.around(options.imports ?? [], providersOf(options));
  }

  private static around(
    imports: NonNullable<DynamicModule['imports']>,
    providers: readonly Provider[],
  ): DynamicModule {
    return {
      module: MicroclusterModule,
      imports: [MicroclusterCoreModule.with({ imports, providers })],
    };
  }
}

function providersOf(options: DaemonArgsAsync): Provider[] {
  const { entities, extensionsSchema, apiExtensions, servers } = options;
  const fixed: StaticDaemonArgs = {
    ...(entities === undefined ? {} : { entities }),
    ...(extensionsSchema === undefined ? {} : { extensionsSchema }),
    ...(apiExtensions === undefined ? {} : { apiExtensions }),
    ...(servers === undefined ? {} : { servers }),
  };
  const combine = async (
    adjust: DaemonArgsAdjustment,
    dynamic: DynamicDaemonArgs,
  ): Promise<ParsedDaemonArgs> =>
    parseDaemonArgs(
      await adjust({
        ...dynamic,
        ...fixed,
        servers: mergeServers(fixed.servers ?? {}, dynamic.servers ?? {}),
      }),
    );
  const { useFactory, useClass, useExisting } = options;
  if (useFactory !== undefined) {
    return [
      UNADJUSTED,
      {
        provide: DAEMON_ARGS,
        inject: [DAEMON_ARGS_ADJUSTMENT, ...(options.inject ?? [])],
        useFactory: async (adjust: DaemonArgsAdjustment, ...args: never[]) =>
          combine(adjust, await useFactory(...args)),
      },
    ];
  }
  const factory = useExisting ?? useClass;
  if (factory === undefined) {
    throw new TypeError(
      'MicroclusterModule.forRootAsync needs one of useFactory, useClass and useExisting',
    );
  }
  return [
    UNADJUSTED,
    ...(useClass === undefined ? [] : [useClass]),
    {
      provide: DAEMON_ARGS,
      inject: [DAEMON_ARGS_ADJUSTMENT, factory],
      useFactory: async (adjust: DaemonArgsAdjustment, maker: DaemonArgsFactory) =>
        combine(adjust, await maker.createDaemonArgs()),
    },
  ];
}
