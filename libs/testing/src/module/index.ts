export type { BootstrapRequest } from './bootstrap.js';
export { Test, type TestingOptions } from './test.js';
export type { TestDaemonArgs } from './test-settings.js';
export { ClusterTestingModuleBuilder } from './testing-module-builder.js';
