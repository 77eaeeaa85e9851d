export { acceptTunnel, type GrantedTunnel } from './accept-tunnel.js';
export * from './engine-runtime.js';
export { EngineSlot } from './engine-slot.js';
export { openEngine, requireReplication } from './open-engine.js';
export { recordedEngine } from './recorded-engine.js';
export { EMBEDDED_FILE } from './sqlite-runtime.js';
