#!/usr/bin/env node
/** An application with every kind of server, without entities of its own; its settings come from the environment. */
import { appendFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ConsoleLogger, Controller, Get, Module, Param } from '@nestjs/common';
import {
  AllowUntrusted,
  CoreApi,
  MicroclusterModule,
  PreInit,
  Server,
  ServeUnix,
  runDaemon,
} from '@microcluster/nest';

const { values: flags } = parseArgs({
  options: { 'state-dir': { type: 'string' }, heartbeat: { type: 'string' } },
});
const settings = JSON.parse(process.env['TEST_SERVERS'] ?? '{}');

/** One JSON object a line. */
const logger = new ConsoleLogger({ json: true, colors: false });

/** Decorators of methods, applied without a compiler; those of the class come after them. */
function decorate(target, method, ...decorators) {
  const descriptor = Object.getOwnPropertyDescriptor(target.prototype, method);
  for (const decorator of decorators) decorator(target.prototype, method, descriptor);
}

/** Placed by the map: on the Core API, the socket, and before initialisation. */
class GreetingController {
  hello() {
    return 'hello';
  }
  async slow(milliseconds) {
    logger.log({ event: 'slow-request-began' });
    await wait(Number(milliseconds));
    return 'done';
  }
}
Controller('1.0/greeting')(GreetingController);
decorate(GreetingController, 'hello', Get(), AllowUntrusted());
decorate(GreetingController, 'slow', Get('slow/:milliseconds'), AllowUntrusted());
Param('milliseconds')(GreetingController.prototype, 'slow', 0);

/** Placed by the map, on a listener of its own. */
class ReportsController {
  list() {
    return ['report'];
  }
  secret() {
    return 'for members';
  }
  async slow(milliseconds) {
    logger.log({ event: 'slow-request-began' });
    await wait(Number(milliseconds));
    return 'done';
  }
}
Controller('reports')(ReportsController);
decorate(ReportsController, 'list', Get(), AllowUntrusted());
decorate(ReportsController, 'secret', Get('secret'));
decorate(ReportsController, 'slow', Get('slow/:milliseconds'), AllowUntrusted());
Param('milliseconds')(ReportsController.prototype, 'slow', 0);

/** Placed by its decorator; the server has no address until an operator gives it one. */
class MetricsController {
  show() {
    return { up: 1 };
  }
}
Controller('reports')(MetricsController);
decorate(MetricsController, 'show', Get(), AllowUntrusted());
Server('metrics-api')(MetricsController);

/** On a listener of its own that exists before initialisation. */
class SetupController {
  state() {
    return 'setting up';
  }
}
Controller('setup')(SetupController);
decorate(SetupController, 'state', Get(), AllowUntrusted());
Server('setup-api')(SetupController);
PreInit()(SetupController);

/** Placed by decorators alone, on the Core API. */
class StatusController {
  status() {
    return 'fine';
  }
}
Controller('1.0/status')(StatusController);
decorate(StatusController, 'status', Get(), AllowUntrusted());
CoreApi()(StatusController);
ServeUnix()(StatusController);

const address = (name) =>
  settings[name] === undefined ? {} : { serverConfig: { address: settings[name] } };

class ApplicationModule {}
Module({
  imports: [
    MicroclusterModule.forRoot({
      stateDir: flags['state-dir'],
      version: '1.0.0',
      logger,
      heartbeatIntervalMs: Number.parseInt(flags.heartbeat ?? '500', 10),
      networkLatencyMs: 100,
      ...(settings.preInit === undefined ? {} : { preInitListenAddress: settings.preInit }),
      ...(settings.allowPreInitCertificateChanges === true
        ? { allowPreInitCertificateChanges: true }
        : {}),
      hooks: {
        daemonConfigUpdate: (_context, config) => {
          if (settings.hookLog !== undefined) {
            appendFileSync(settings.hookLog, `${JSON.stringify(config.servers)}\n`);
          }
        },
      },
      servers: {
        'extend-core-api': {
          coreApi: true,
          preInit: true,
          serveUnix: true,
          resources: [GreetingController],
        },
        'additional-api': {
          ...address('additional-api'),
          dedicatedCertificate: true,
          drainConnectionsTimeout: settings.drain ?? 0,
          resources: [ReportsController],
        },
        'metrics-api': { ...address('metrics-api') },
        'setup-api': { ...address('setup-api') },
        ...settings.more,
      },
    }),
  ],
  controllers: [
    GreetingController,
    ReportsController,
    MetricsController,
    SetupController,
    StatusController,
  ],
})(ApplicationModule);

await runDaemon(ApplicationModule, { logger });
