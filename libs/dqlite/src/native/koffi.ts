/** Loads koffi on first use, so that importing this package costs nothing where no native node runs. */
import { createRequire } from 'node:module';

type Koffi = typeof import('koffi');

let loaded: Koffi | undefined;

/** The foreign function interface; loaded once for each process. */
export function koffi(): Koffi {
  if (loaded === undefined) {
    const require = createRequire(import.meta.url);
    const module: Koffi = require('koffi');
    loaded = module;
  }
  return loaded;
}
