/** Input that almost is what a parser wants: real texts, and what a few edits make of them. */
import fc from 'fast-check';

/** One edit: at a place, some bytes go and others come. */
interface Edit {
  /** Taken modulo the length. */
  readonly at: number;
  /** How many bytes go. */
  readonly removed: number;
  readonly added: Buffer;
  /** How often they come. */
  readonly times: number;
}

/** Bytes that parsers stumble over in any format. */
const AWKWARD = ['\0', '\r\n', '\n', ' ', '"', "'", '\\', ':', '{', '[', '-1', '1e999', '\ufeff'];
const NOT_UTF8 = [Buffer.from([0xff]), Buffer.from([0xc0, 0x80]), Buffer.from([0xed, 0xa0, 0x80])];

/**
 * Bytes of `corpus` after none to five edits.
 *
 * @param corpus texts or bytes that the parser takes, as they are or as an arbitrary
 * @param tokens what means something to the parser and is put in somewhere
 */
export function mutated(
  corpus: readonly (string | Buffer)[] | fc.Arbitrary<string | Buffer>,
  tokens: readonly string[] = [],
): fc.Arbitrary<Buffer> {
  const original = corpus instanceof fc.Arbitrary ? corpus : fc.constantFrom(...corpus);
  const edit: fc.Arbitrary<Edit> = fc.record({
    at: fc.nat(),
    removed: fc.oneof(fc.nat({ max: 4 }), fc.nat({ max: 4 }), fc.nat({ max: 2_000 })),
    added: addition(tokens),
    times: fc.oneof(
      { weight: 20, arbitrary: fc.constant(1) },
      { weight: 1, arbitrary: fc.nat({ max: 5_000 }) },
    ),
  });
  return fc
    .tuple(original, fc.array(edit, { maxLength: 5 }))
    .map(([bytes, edits]) => edits.reduce(apply, Buffer.from(bytes)));
}

/** As {@link mutated}, as text. */
export function mutatedText(
  corpus: readonly string[] | fc.Arbitrary<string>,
  tokens: readonly string[] = [],
): fc.Arbitrary<string> {
  return mutated(corpus, tokens).map((bytes) => bytes.toString('utf8'));
}

function addition(tokens: readonly string[]): fc.Arbitrary<Buffer> {
  const known = [...AWKWARD, ...tokens].map((token) => Buffer.from(token));
  return fc.oneof(
    fc.constant(Buffer.alloc(0)),
    fc.uint8Array({ minLength: 1, maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom(...known, ...NOT_UTF8),
  );
}

function apply(bytes: Buffer, { at, removed, added, times }: Edit): Buffer {
  const start = at % (bytes.length + 1);
  const inserted = Array.from({ length: times }, () => added);
  return Buffer.concat([bytes.subarray(0, start), ...inserted, bytes.subarray(start + removed)]);
}
