/** `microctl cluster list --watch`: shows the members, and again whenever something happens to them. */
import { withDaemon } from '../connection.js';
import { describeError } from '../errors.js';
import { assertFormat } from '../output/render.js';
import type { Settings } from '../settings.js';
import { printMembers } from './cluster.js';

/** Prints a list for all events that came during the last one. A list that fails is not the end. */
export async function watchMembers(settings: Settings, format: string): Promise<void> {
  assertFormat(format);
  await withDaemon(settings, async (daemon) => {
    let printing = Promise.resolve();
    let isDue = false;
    let isFirst = true;
    const print = async () => {
      isDue = false;
      try {
        if (!isFirst) settings.terminal.out('\n');
        isFirst = false;
        await printMembers(settings, daemon, format);
      } catch (error) {
        settings.terminal.err(`Error: ${describeError(error)}\n`);
      }
    };
    const show = () => {
      if (isDue) return;
      isDue = true;
      printing = printing.then(print);
    };
    // Only once the stream is open: nothing happens unnoticed between the list and the first event.
    try {
      for await (const _event of daemon.events({ onOpen: show, signal: settings.signal })) show();
    } finally {
      await printing;
    }
  });
}
