/** Listening sockets that a service manager opened for this process (sd_listen_fds(3), socket activation). */
import type { LoggerService } from '@nestjs/common';
import { duplicateDescriptor, inspectListener, keepFromChildren } from '@microcluster/dqlite';

/** The first descriptor that is passed on. */
const FIRST_DESCRIPTOR = 3;
const VARIABLES = ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES'];

/** One of them. */
export interface InheritedSocket {
  /** `FileDescriptorName=` of the socket unit, by default the name of the unit. */
  readonly name: string;
  /** `ip:port`, or the path of a unix socket. */
  readonly address: string;
  readonly descriptor: number;
}

/**
 * Kept open for as long as the process lives: a listener gets a duplicate, so that it can be closed (by a
 * reset of this member) and opened again, although the service manager holds the address.
 */
export class InheritedSockets {
  constructor(
    private readonly sockets: readonly InheritedSocket[],
    private readonly logger: Pick<LoggerService, 'warn'>,
  ) {}

  /** Whether one of them is bound to the address that is meant. */
  has(isMeant: (address: string) => boolean): boolean {
    return this.sockets.some(({ address }) => isMeant(address));
  }

  /**
   * A descriptor for the listener called `name` (`control`, `core`, `pre-init`, `metrics` or an additional server), to
   * be closed by the caller: of the socket with this name, or else of any that is bound to its address.
   *
   * @param isMeant whether a bound address is that of the listener
   * @returns undefined when none was inherited for it; one with its name and another address is said
   */
  descriptorFor(name: string, isMeant: (address: string) => boolean): number | undefined {
    const bound = this.sockets.filter(({ address }) => isMeant(address));
    const found = bound.find((socket) => socket.name === name) ?? bound[0];
    if (found !== undefined) return duplicateDescriptor(found.descriptor);
    for (const { address } of this.sockets.filter((socket) => socket.name === name)) {
      this.logger.warn({ event: 'inherited-socket-unused', listener: name, address });
    }
    return undefined;
  }
}

/**
 * Takes over what the environment says was passed to this process, and says it no longer, so that programs
 * that this one starts do not take it for theirs.
 */
export function inheritSockets(
  logger: Pick<LoggerService, 'log' | 'warn'>,
  environment: NodeJS.ProcessEnv = process.env,
  pid: number = process.pid,
): InheritedSockets {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES = '' } = environment;
  if (Number(LISTEN_PID) !== pid) return new InheritedSockets([], logger);
  for (const name of VARIABLES) delete environment[name];
  const names = LISTEN_FDNAMES.split(':');
  const count = /^\d{1,4}$/.test(LISTEN_FDS ?? '') ? Number(LISTEN_FDS) : 0;
  const sockets: InheritedSocket[] = [];
  for (let at = 0; at < count; at += 1) {
    const descriptor = FIRST_DESCRIPTOR + at;
    const name = names[at] ?? '';
    const address = inspectListener(descriptor);
    if (address === undefined) {
      logger.warn({ event: 'inherited-socket-unusable', name, descriptor });
      continue;
    }
    keepFromChildren(descriptor);
    logger.log({ event: 'inherited-socket', name, address });
    sockets.push({ name, address, descriptor });
  }
  return new InheritedSockets(sockets, logger);
}
