export * from './adjust-daemon-args.js';
export type * from './daemon-args.js';
export * from './merge-servers.js';
export * from './parse-daemon-args.js';
export * from './routes.js';
export * from './tokens.js';
