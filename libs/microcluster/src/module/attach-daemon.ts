/** Connects the daemon to the HTTP adapter of the application. */
import type { HttpAdapterHost } from '@nestjs/core';
import { MicroclusterAdapter, type RequestSink } from '../listeners/index.js';

/**
 * The adapter of the application.
 * @throws TypeError when the application was made with another one
 */
export function adapterOf(host: HttpAdapterHost): MicroclusterAdapter {
  const adapter: unknown = host.httpAdapter;
  if (!(adapter instanceof MicroclusterAdapter)) {
    throw new TypeError(
      'MicroclusterModule needs its own HTTP adapter; create the application with NestFactory.create(AppModule, new MicroclusterAdapter())',
    );
  }
  return adapter;
}

/** What the listeners hand requests to: the adapter, which a testing module makes later than its providers. */
export function sinkOf(host: HttpAdapterHost): RequestSink {
  return {
    dispatch: (request, response) => {
      adapterOf(host).dispatch(request, response);
    },
    dispatchUpgrade: (request, socket, head) => {
      adapterOf(host).dispatchUpgrade(request, socket, head);
    },
  };
}
