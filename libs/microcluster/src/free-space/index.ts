/** Keeps a disk from filling up under the database. */
export { guardedEngine } from './guarded-engine.js';
export { SpaceGuard, type SpaceGuardParts } from './space-guard.js';
