/**
 * Entry point of the database process: a node, its network, and the control channel to the
 * application that started it. It has no life of its own: when the channel closes, it stops and ends.
 */
import { Socket } from 'node:net';
import { carry } from './carried-error.js';
import { DeadMansSwitch } from './dead-mans-switch.js';
import { parseToChild, type FromChild, type ToChild } from './messages.js';
import { NodeRunner } from './node-runner.js';

/** Longest stop after the application has gone; a node that hangs must not outlive it. */
const ORPHAN_STOP_MS = 10_000;
/** How often to look whether the application is still there, milliseconds. */
const PARENT_CHECK_MS = 1_000;

const parent = process.ppid;
let isEnding = false;

const runner = new NodeRunner();
let guard: DeadMansSwitch | undefined;

function send(message: FromChild, socket?: Socket): void {
  if (!process.connected) {
    socket?.destroy();
    return;
  }
  process.send?.(message, socket, undefined, () => socket?.destroy());
}

async function answer(request: number, act: () => Promise<void> | void): Promise<void> {
  try {
    await act();
    send({ type: 'done', request });
  } catch (error) {
    send({ type: 'failed', request, ...carry(error) });
  }
}

async function handle(message: ToChild, socket: Socket | undefined): Promise<void> {
  switch (message.type) {
    case 'start':
      await answer(message.request, async () => {
        await runner.start(message.options);
        guard = new DeadMansSwitch(message.watch, {
          ping: () => send({ type: 'ping' }),
          onSilent: async () => {
            await runner.giveUpLeadership().catch(() => undefined);
          },
        });
      });
      break;
    case 'stop':
      guard?.close();
      await answer(message.request, () => runner.stop());
      break;
    case 'recover':
      await answer(message.request, () => runner.recover(message.directory, message.members));
      break;
    case 'trust':
      await answer(message.request, () => runner.updateTrust(message.trust));
      break;
    case 'dial':
      try {
        send({ type: 'dialled', request: message.request }, runner.openEngine());
      } catch (error) {
        send({ type: 'failed', request: message.request, ...carry(error) });
      }
      break;
    case 'accept':
      if (socket !== undefined) runner.acceptRaw(socket, Buffer.from(message.head));
      break;
    case 'pong':
      guard?.answered();
      break;
  }
}

async function endWithParent(): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  clearInterval(watch);
  guard?.close();
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), ORPHAN_STOP_MS).unref();
  await runner.stop();
  process.exit(0);
}

// Sent to the whole process group by a terminal or a service manager: the application decides what
// happens then, and tells us. Its standard error may be gone before we are.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.stderr.on('error', () => undefined);
process.umask(0o077);
process.title = 'microcluster-database';

process.on('message', (value: unknown, socket: unknown) => {
  void handle(parseToChild(value), socket instanceof Socket ? socket : undefined);
});
process.on('disconnect', () => void endWithParent());
// Node holds 'disconnect' back while a message is being taken apart, and once that was for ever.
const watch = setInterval(() => {
  if (!process.connected || process.ppid !== parent) void endWithParent();
}, PARENT_CHECK_MS);
watch.unref();
if (!process.connected) {
  process.stderr.write('This program is started by the application, not by hand.\n');
  process.exitCode = 2;
}
