/** API extensions: registry, comparison and the database's encoding. */
export * from './extensions.js';
export * from './extensions-cell.js';
