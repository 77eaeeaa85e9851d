/** The binding of libdqlite: finding the library, one node, its lock, its identifiers. */
export { DirectoryLock } from './directory-lock.js';
export { WAY_OUT_OF_DAMAGE } from './damage.js';
export { sendUnixDatagram } from './datagram.js';
export { duplicateDescriptor, inspectListener, keepFromChildren } from './descriptors.js';
export { DqliteNode, type DqliteNodeOptions, type DqliteNodeState } from './dqlite-node.js';
export { findLibrary, type LoadedLibrary } from './library.js';
export { BOOTSTRAP_ID, generateNodeId } from './node-id.js';
export { isRaftFile } from './raft-files.js';
