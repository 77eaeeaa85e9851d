export * from './hook-decorators.js';
export * from './hook-runner.js';
export * from './lifecycle-hooks.js';
