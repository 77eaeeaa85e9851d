/**
 * Test support: archives byte by byte as a daemon in Go writes them, with the headers of Go's `archive/tar` and
 * `compress/gzip` rather than those of the package that reads them here.
 */
import { gzipSync } from 'node:zlib';

export interface GoFile {
  readonly name: string;
  readonly content: Uint8Array;
}

/**
 * What Go chooses by itself: USTAR where all values fit, and PAX where the number of the owner is too large for it, as
 * in an unprivileged container.
 */
export type GoFormat = 'ustar' | 'pax';

const BLOCK = 512;
/** Of an unprivileged container; seven octal digits end at 2,097,151. */
const CONTAINER_ROOT = 1_000_000_000;
const MODIFIED = Date.UTC(2026, 0, 31, 23, 59, 59) / 1000;
/** In the header of gzip: where the operating system is told, and what Go writes there. */
const GZIP_SYSTEM = { at: 9, unknown: 255 };

/** The archive of `files`, in their order. */
export function goArchive(files: readonly GoFile[], format: GoFormat): Buffer {
  const owner = format === 'pax' ? CONTAINER_ROOT : 0;
  const entries = files.flatMap(({ name, content }) => [
    ...(format === 'pax' ? extendedHeader(name, { gid: owner, uid: owner }) : []),
    // A number that does not fit is left out here, and is in the extended header alone.
    header({
      name,
      type: '0',
      size: content.length,
      mode: 0o600,
      owner: format === 'pax' ? 0 : owner,
    }),
    padded(content),
  ]);
  const archive = gzipSync(Buffer.concat([...entries, Buffer.alloc(2 * BLOCK)]));
  archive[GZIP_SYSTEM.at] = GZIP_SYSTEM.unknown;
  return archive;
}

interface HeaderFields {
  readonly name: string;
  readonly type: '0' | 'x';
  readonly size: number;
  readonly mode: number;
  readonly owner: number;
}

function header({ name, type, size, mode, owner }: HeaderFields): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, 100, 'utf8');
  octal(block, 100, 8, mode);
  octal(block, 108, 8, owner);
  octal(block, 116, 8, owner);
  octal(block, 124, 12, size);
  octal(block, 136, 12, type === 'x' ? 0 : MODIFIED);
  block.write(type, 156, 'latin1');
  block.write('ustar', 257, 'latin1'); // ends with a zero byte, which is there
  block.write('00', 263, 'latin1');
  if (type !== 'x') {
    block.write('root', 265, 'latin1');
    block.write('root', 297, 'latin1');
  }
  octal(block, 329, 8, 0);
  octal(block, 337, 8, 0);
  // The sum is made with blanks in its own place, and ends with a zero byte and a blank.
  block.write(' '.repeat(8), 148, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** The entry before another one that carries what does not fit into the fields of its header. */
function extendedHeader(name: string, values: Readonly<Record<string, number>>): Buffer[] {
  const content = Buffer.from(
    Object.entries(values)
      .toSorted()
      .map(([key, value]) => record(key, String(value)))
      .join(''),
  );
  const fields = { type: 'x', size: content.length, mode: 0, owner: 0 } as const;
  return [header({ ...fields, name: `PaxHeaders.0/${name}` }), padded(content)];
}

/** `length key=value`, where the length counts its own digits too. */
function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  while (`${length}${rest}`.length !== length) length = `${length}${rest}`.length;
  return `${length}${rest}`;
}

function octal(block: Buffer, at: number, width: number, value: number): void {
  block.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, 'latin1');
}

function padded(content: Uint8Array): Buffer {
  const whole = Buffer.alloc(Math.ceil(content.length / BLOCK) * BLOCK);
  whole.set(content);
  return whole;
}
