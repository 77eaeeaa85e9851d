/** `microctl events`: shows what happens to the cluster, until it is interrupted or its time is over. */
import type { StreamedEvent } from '@microcluster/nest/client';
import { withDaemon } from '../connection.js';
import { isoSeconds } from '../output/iso-seconds.js';
import type { Settings } from '../settings.js';

export interface EventsOptions {
  readonly format: string;
  readonly after?: string;
}

/** Prints events as they happen, one on each line, until the daemon stops. */
export async function showEvents(settings: Settings, options: EventsOptions): Promise<void> {
  const print = printerOf(options.format);
  const { after } = options;
  const from = after === undefined ? {} : { lastEventId: after };
  await withDaemon(settings, async (daemon) => {
    for await (const event of daemon.events({ ...from, signal: settings.signal })) {
      settings.terminal.out(`${print(event)}\n`);
    }
  });
}

type Printer = (event: StreamedEvent) => string;

const PRINTERS: Readonly<Record<string, Printer>> = {
  lines: (event) => `${isoSeconds(event.time)}  ${sentenceOf(event)}`,
  json: (event) => JSON.stringify(event),
};

function printerOf(format: string): Printer {
  const printer = Object.hasOwn(PRINTERS, format) ? PRINTERS[format] : undefined;
  if (printer === undefined) throw new Error(`Invalid format "${format}"`);
  return printer;
}

function sentenceOf(event: StreamedEvent): string {
  switch (event.type) {
    case 'member-joined':
      return `${event.member} joined at ${event.address}${event.role && ` as ${event.role}`}`;
    case 'member-left':
      return `${event.member} left`;
    case 'role-changed':
      return `${event.member} is ${event.to} now (was ${event.from})`;
    case 'leader-changed':
      return `${event.to ?? 'nobody'} leads now (before: ${event.from ?? 'nobody'})`;
    case 'member-offline':
      return `${event.member} is offline (last heartbeat ${isoSeconds(event.last_heartbeat)})`;
    case 'member-online':
      return `${event.member} is online again`;
    case 'schema-upgraded':
      return `${event.member} runs schema ${versionOf(event.to)} now (was ${versionOf(event.from)})`;
    case 'certificate-updated':
      return `${event.member} shows another certificate "${event.certificate}": ${event.to}`;
    case 'gap':
      return `events may be missing before this one (the daemon has none after "${event.after}")`;
  }
}

function versionOf({ internal, external }: { internal: number; external: number }): string {
  return `${internal}/${external}`;
}
