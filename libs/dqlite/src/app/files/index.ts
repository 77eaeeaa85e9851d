/** The files of a node: who it is, whom it knows, and which belong to Raft. */
export { removeDurably, syncDirectory, writeDurably } from './durable-file.js';
export { NodeDirectory } from './node-directory.js';
export { formatNode, formatNodes, parseNode, parseNodes } from './node-records.js';
export type { StartPlan } from './start-plan.js';
