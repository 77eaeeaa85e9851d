/** The version of the example programs: that of the package they are in. */
import { readFileSync } from 'node:fs';

/** Reads the version from the package.json two folders above the programs. */
export function packageVersion(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  );
  if (
    typeof manifest !== 'object' ||
    manifest === null ||
    !('version' in manifest) ||
    typeof manifest.version !== 'string'
  ) {
    throw new Error('package.json beside the programs has no version');
  }
  return manifest.version;
}
