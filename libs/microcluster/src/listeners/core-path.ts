/** A path of the Core API with `{name}` variables, matched on the path as it was sent. */
import { MicroclusterError } from '../errors/index.js';

const VARIABLE = /^\{([A-Za-z]\w*)\}$/;

/** One declared path. Literal parts must be equal byte for byte; variable ones take any non-empty part. */
export class CorePath {
  private readonly parts: readonly string[];

  constructor(pattern: string) {
    this.parts = pattern.split('/');
  }

  /** How many variable parts it has. */
  get variables(): number {
    return this.parts.filter((part) => VARIABLE.test(part)).length;
  }

  /** Whether both match the same paths. */
  isSameAs(other: CorePath): boolean {
    return (
      this.parts.length === other.parts.length &&
      this.parts.every((part, index) => {
        const theirs = other.parts[index] ?? '';
        return part === theirs || (VARIABLE.test(part) && VARIABLE.test(theirs));
      })
    );
  }

  /**
   * The variables' values, percent-decoded.
   *
   * @returns `undefined` when the path does not match
   * @throws MicroclusterError `MALFORMED_URL` when a value is not percent-encoded text
   */
  match(path: string): Readonly<Record<string, string>> | undefined {
    const sent = path.split('/');
    if (sent.length !== this.parts.length) return undefined;
    const params: Record<string, string> = {};
    for (const [index, part] of this.parts.entries()) {
      const value = sent[index] ?? '';
      const name = VARIABLE.exec(part)?.[1];
      if (name === undefined) {
        if (part !== value) return undefined;
      } else {
        if (value === '') return undefined;
        params[name] = decode(value);
      }
    }
    return params;
  }
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch (cause) {
    throw new MicroclusterError('MALFORMED_URL', {}, { cause });
  }
}
