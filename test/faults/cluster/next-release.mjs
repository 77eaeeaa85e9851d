#!/usr/bin/env node
/** The application's next release, which brings a schema update: what `--upgrade-to` is for. */
process.env['FAULT_RELEASE'] = '2';
await import('./application.mjs');
