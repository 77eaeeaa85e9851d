export { StateDirectory } from './state-directory.js';
export {
  createDirectory,
  removeFileDurably,
  syncDirectory,
  writeFileAtomic,
} from './write-file-atomic.js';
