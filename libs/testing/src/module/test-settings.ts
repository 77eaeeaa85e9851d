/** Turns the settings of an application into those of a test: nothing that is in use, nothing that lasts. */
import type { LoggerService } from '@nestjs/common';
import type { DaemonArgs, DynamicDaemonArgs, EngineName, ServerArgs } from '@microcluster/nest';
import type { DaemonArgsAdjustment, Routes } from '@microcluster/nest/testing-seam';
import type { AddressSource } from '../address-book.js';

/** Settings that a test may choose; those it does not choose are the application's, or replaced by the test's. */
export type TestDaemonArgs = Partial<Omit<DynamicDaemonArgs, 'stateDir'>>;

/** What replaces the settings of the application. */
export interface TestSettings {
  readonly stateDir: string;
  readonly engine: EngineName;
  readonly logger: LoggerService;
  /** Where free addresses for its listeners come from. */
  readonly addresses: AddressSource;
  /** Wins over everything above, but the directory. */
  readonly daemon: TestDaemonArgs;
  /** Where it dials other members. Default: at their addresses. */
  readonly routes?: Routes;
}

/**
 * The adjustment that makes a test of an application: its own directory, engine and logger; every address
 * that it would listen on replaced by a free one on loopback; no group that may not exist here.
 */
export function adjustmentFor(settings: TestSettings): DaemonArgsAdjustment {
  const { stateDir, engine, logger, addresses, daemon, routes } = settings;
  return async (args) => {
    const { socketGroup: _theirs, preInitListenAddress, metrics, ...kept } = args;
    const { servers, ...chosen } = daemon;
    return {
      ...kept,
      engine,
      logger,
      ...(preInitListenAddress !== undefined && {
        preInitListenAddress: await addresses.addressOf('pre-init'),
      }),
      ...(metrics !== undefined && {
        metrics: {
          ...metrics,
          ...(metrics.address !== undefined && {
            address: await addresses.addressOf('metrics'),
          }),
        },
      }),
      ...chosen,
      ...(routes !== undefined && { routes }),
      stateDir,
      servers: await moved(args.servers ?? {}, servers ?? {}, addresses),
    };
  };
}

async function moved(
  declared: NonNullable<DaemonArgs['servers']>,
  chosen: NonNullable<DynamicDaemonArgs['servers']>,
  addresses: AddressSource,
): Promise<Record<string, ServerArgs>> {
  const unknown = Object.keys(chosen).find((name) => declared[name] === undefined);
  if (unknown !== undefined) {
    throw new TypeError(
      `The test has settings for the server "${unknown}", which the application does not declare`,
    );
  }
  const entries = Object.entries(declared).map(
    async ([name, server]): Promise<[string, ServerArgs]> => [
      name,
      {
        ...server,
        ...(server.serverConfig !== undefined && {
          serverConfig: { address: await addresses.addressOf(`server ${name}`) },
        }),
        ...chosen[name],
      },
    ],
  );
  return Object.fromEntries(await Promise.all(entries));
}
