/** How fresh the reads of a request are. */
export { Consistency } from './consistency.decorator.js';
