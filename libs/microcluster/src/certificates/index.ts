export * from './generate.js';
export * from './inspect.js';
export * from './key-pair-files.js';
export * from './received-authority.js';
export { warnOfReadableKeys } from './readable-keys.js';
