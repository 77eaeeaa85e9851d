export { StateDirectory } from './state-directory.js';
export {
  createDirectory,
  removeFileDurably,
  syncDirectory,
  writeFileAtomic,
  writeStreamAtomic,
} from './write-file-atomic.js';
