/** The adapter of an application that shall be described. */
import type { INestApplication } from '@nestjs/common';
import { CORE_LISTENER, PRE_INIT_LISTENER, UNIX_LISTENER } from '../access/index.js';
import { MicroclusterAdapter } from '../listeners/index.js';
import { DeclaredServers } from '../servers/index.js';

/** @throws TypeError when it has another adapter, or one of `listeners` is none of its own */
export function adapterOfApplication(
  app: INestApplication,
  listeners: readonly string[],
): MicroclusterAdapter {
  const adapter: unknown = app.getHttpAdapter();
  if (!(adapter instanceof MicroclusterAdapter)) {
    throw new TypeError(
      'Only applications with a MicroclusterAdapter have listeners to describe; make yours with NestFactory.create(AppModule, new MicroclusterAdapter())',
    );
  }
  const { additional } = app.get(DeclaredServers, { strict: false });
  const known = [
    CORE_LISTENER,
    UNIX_LISTENER,
    PRE_INIT_LISTENER,
    ...additional.map(({ name }) => name),
  ];
  const unknown = listeners.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(
      `The application has no listener "${unknown}"; it has ${known.join(', ')}. Servers with coreApi are on "core"`,
    );
  }
  return adapter;
}
