/** Byte streams between members: dialling, recognising our own in a ClientHello, joining two streams. */
export { ClientHelloReader, MAX_CLIENT_HELLO_BYTES, type ClientHello } from './client-hello.js';
export { dialTcp, dialTls, dialTunnel, type TlsDialOptions } from './dial.js';
export { readClientHello, type ReadClientHelloOptions } from './read-client-hello.js';
export { splice } from './splice.js';
export {
  DQLITE_ALPN,
  UPGRADE_ACCEPTED,
  UPGRADE_PATH,
  UPGRADE_PROTOCOL,
  UPGRADE_VERSION,
  UPGRADE_VERSION_HEADER,
  upgradeRequest,
} from './upgrade.js';
