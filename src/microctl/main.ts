#!/usr/bin/env node
/** The command line of the example application: talks to the daemon over its control socket. */
import module from 'node:module';

// Node 22.8 and later keep compiled code between runs; Node 20 has no such function.
if ('enableCompileCache' in module && typeof module.enableCompileCache === 'function') {
  module.enableCompileCache();
}

// Somebody may read only the beginning of what is printed (`| head`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

const { run } = await import('./program.js');
const { terminal } = await import('./terminal.js');

// The first Ctrl-C ends the request, so that the daemon can take back what it has begun; the second ends us.
const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort(new Error('Interrupted')));

process.exitCode = await run(process.argv.slice(2), process.env, terminal, interrupted.signal);
