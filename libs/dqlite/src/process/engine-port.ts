/** Connections from this process to the engine of a node that listens on an abstract socket. */
import { Socket } from 'node:net';
import { connectAbstract } from '../native/dial-fd.js';

/** A stream to the engine for somebody else's connection; told from local ones by its name. */
export function openEngineForPeer(bindAddress: string): Socket {
  return wrap(connectAbstract(bindAddress, true));
}

/** A stream to the engine for a client of ours; may be passed on to another process. */
export function openEngineForClient(bindAddress: string): Socket {
  return wrap(connectAbstract(bindAddress, false));
}

/** A stream over a connected descriptor, which it then owns; reads nothing before somebody listens. */
export function wrap(fd: number): Socket {
  return new Socket({ fd, readable: true, writable: true, allowHalfOpen: true, ...PASSIVE });
}

/** Understood by Node, though not in its documentation for this constructor: do not read ahead. */
const PASSIVE = { manualStart: true };
