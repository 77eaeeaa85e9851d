export type { Slowness } from './link-state.js';
export { TestNetwork } from './test-network.js';
