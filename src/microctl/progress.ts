/** Tells a person at a terminal that something long is under way. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from './settings.js';

const FRAMES = [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'];
const FRAME_MS = 120;
/** What is over sooner needs no progress, milliseconds. */
const PATIENCE_MS = 400;
const DETAIL_MS = 1_000;
const CLEAR_LINE = '\r\u001B[2K';

/** What a line of progress says. */
export interface Progress {
  /** Replaces the words in brackets. */
  detail(text: string): void;
}

/**
 * Runs `work`, showing `label` with the seconds that have passed on standard error. Prints nothing where nobody
 * sits at a terminal.
 *
 * @param options.watch asked about once a second for what is going on
 */
export async function withProgress<T>(
  settings: Settings,
  label: string,
  work: (progress: Progress) => Promise<T>,
  options: { readonly watch?: () => Promise<string> } = {},
): Promise<T> {
  const { terminal } = settings;
  if (!terminal.isInteractive) return work({ detail: () => undefined });
  let detail = '';
  const over = new AbortController();
  const shown = Promise.all([
    draw(settings, label, () => detail, over.signal),
    observe(options.watch, over.signal, (text) => {
      detail = text;
    }),
  ]);
  try {
    return await work({
      detail: (text) => {
        detail = text;
      },
    });
  } finally {
    over.abort();
    await shown;
    terminal.err(CLEAR_LINE);
  }
}

async function draw(
  { terminal }: Settings,
  label: string,
  detail: () => string,
  signal: AbortSignal,
): Promise<void> {
  const began = performance.now();
  await pause(PATIENCE_MS, signal);
  for (let frame = 0; !signal.aborted; frame += 1) {
    const seconds = Math.floor((performance.now() - began) / 1_000);
    const words = detail() === '' ? label : `${label} (${detail()})`;
    terminal.err(`${CLEAR_LINE}${FRAMES[frame % FRAMES.length]} ${words} ${seconds} s`);
    await pause(FRAME_MS, signal);
  }
}

async function observe(
  watch: (() => Promise<string>) | undefined,
  signal: AbortSignal,
  tell: (text: string) => void,
): Promise<void> {
  if (watch === undefined) return;
  for (;;) {
    await pause(DETAIL_MS, signal);
    if (signal.aborted) return;
    const ended = new Promise<undefined>((resolve) => {
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    const text = await Promise.race([watch().catch(() => ''), ended]);
    if (text !== undefined) tell(text);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
