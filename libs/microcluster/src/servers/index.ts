/** Additional servers: what an application declares, and the listeners that serve it. */
export { declareServers } from './declare-servers.js';
export { DeclaredServers, type DeclaredServer } from './declared-servers.js';
export { ServerListeners } from './server-listeners.js';
export { DaemonConfiguration } from './daemon-configuration.js';
