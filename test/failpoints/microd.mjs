#!/usr/bin/env node
/**
 * `microd` that kills itself at the failpoint named by the file `<state directory>.failpoint`, once. Only this
 * program knows the file; the daemon that users run has no way to set a failpoint.
 */
import { readFileSync, rmSync } from 'node:fs';
import { Global, Module } from '@nestjs/common';
import { runDaemon } from '@microcluster/nest';
import { FAILPOINT_ACTION } from '@microcluster/nest/testing-seam';
import { appModule } from '../../dist/app.module.js';
import { parseFlags } from '../../dist/microd/flags.js';

const flags = parseFlags(process.argv.slice(2), process.env, 'test', {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
});
if ('exitCode' in flags) process.exit(flags.exitCode);

const { logLevel: level, logFormat: format, ...options } = flags;
const file = `${options.stateDir}.failpoint`;

function named() {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function action(point) {
  if (named() !== point) return undefined;
  rmSync(file);
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
}

class FailpointsModule {}
Module({
  providers: [{ provide: FAILPOINT_ACTION, useValue: action }],
  exports: [FAILPOINT_ACTION],
})(FailpointsModule);
Global()(FailpointsModule);

class StoppableModule {}
Module({ imports: [FailpointsModule, appModule({ ...options, version: 'test' })] })(
  StoppableModule,
);

await runDaemon(StoppableModule, { logs: { level, format } });
