export { ClusterState, type ClusterStateParts, type StatePaths } from './cluster-state.js';
