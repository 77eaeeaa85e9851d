/** The JSON bodies and replies of the Core API: every schema is given what almost is one of its objects. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { casesOf } from '../../../dqlite/src/fuzz/cases.fixture.js';
import { mutatedText } from '../../../dqlite/src/fuzz/mutated.fixture.js';
import { SAMPLE_CERTIFICATE } from './certificate.fixture.js';
import * as events from './cluster-events.js';
import { faultOf } from './fault-of.fixture.js';
import { isInvalidValueError } from './invalid-value-error.js';
import { parseJson, stringifyJson } from './json.js';
import { encodeBody, parseBody } from './parse-body.js';
import * as schemas from './schemas.js';

/** Longest error text that a caller is told, characters. */
const MAX_TEXT = 2_000;

const local = { name: 'c1', address: '10.0.0.1:8443', certificate: SAMPLE_CERTIFICATE };
const member = {
  ...local,
  role: 'voter',
  schema_internal_version: 6,
  schema_external_version: 2,
  last_heartbeat: '2024-10-22T11:22:33.12Z',
  status: 'ONLINE',
  extensions: ['internal:runtime_extension_v1', 'items'],
  secret: 'ab'.repeat(32),
};
const keyPair = { cert: SAMPLE_CERTIFICATE, key: 'a key', ca: '' };

/** Real objects; every schema is given each of them, its own and those of others. */
const objects = [
  member,
  { new_member: local },
  { name: 'c1', token: 'x', expires_at: '0001-01-01T00:00:00Z', any_name: true },
  { name: 'c1', expire_after: 10_800_000_000_000 },
  { bootstrap: true, config: { a: 'b' }, join_token: 'x', address: '10.0.0.1:1', name: 'c1' },
  {
    begin_round: false,
    max_schema_internal: 6,
    cluster_members: { '10.0.0.1:8443': member },
    leader_address: '10.0.0.1:8443',
    dqlite_roles: { '10.0.0.1:8443': 'voter' },
  },
  {
    cluster_cert: SAMPLE_CERTIFICATE,
    cluster_key: 'a key',
    cluster_members: [local],
    ClusterAdditionalCerts: { web: keyPair },
    trusted_member: local,
  },
  keyPair,
  { web: { address: '10.0.0.1:9000' } },
  { name: 'c1', address: '[::1]:1', servers: { web: { address: '' } }, 'failure-domain': 7 },
  {
    id: 'a:1',
    time: '2027-01-01T00:00:00Z',
    type: 'leader-changed',
    from: null,
    to: 'c1',
    member: 'c1',
  },
  { query: 'SELECT 1', text: '', force: true },
  { Results: [{ type: 'select', columns: ['a'], rows: [[1, null]], rows_affected: 0 }] },
];

const known = Object.entries({ ...schemas, ...events }).flatMap(
  ([name, schema]): [string, z.ZodType][] => (schema instanceof z.ZodType ? [[name, schema]] : []),
);

const TEXTS = ['', '0', '9999-12-31T23:59:59-23:59', '0000-01-01T00:00:00+23:59', '[::]:0', 'c1'];
const key = fc.constantFrom(
  ...new Set(objects.flatMap((object) => Object.keys(object))),
  '__proto__',
  'constructor',
  'NAME',
);
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom<unknown>(...TEXTS, ...objects, null, true, false),
    fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(key, tie('any'), { maxKeys: 5 }),
  ),
})).any;

const WORDS = [...TEXTS, 'null', '{}', '[]', '18446744073709551616', '1e400', '"address"'];
const body = fc.oneof(
  mutatedText(
    objects.map((object) => JSON.stringify(object)),
    WORDS,
  ),
  value.map((it) => stringifyJson(it)),
);

/** @returns the text of the refusal; undefined where it was accepted */
function refusalOf(parse: () => void): string | undefined {
  const fault = faultOf(parse);
  if (fault === undefined) return undefined;
  if (!isInvalidValueError(fault)) throw fault;
  return fault.message;
}

describe.each(known)('%s', (_, schema) => {
  it('takes a body that it can write again, or refuses it in a sentence', () => {
    fc.assert(
      fc.property(body, (text) => {
        const refusal = refusalOf(() => {
          const read = parseBody(schema, text, 'Body');
          const written = encodeBody(schema, read);
          expect(parseBody(schema, written, 'Body')).toEqual(read);
        });
        expect((refusal ?? '').length).toBeLessThan(MAX_TEXT);
      }),
      casesOf(0.5),
    );
  });

  it('refuses a body of megabytes in a sentence too', () => {
    const long = 'x'.repeat(1_000_000);
    for (const name of ['name', 'address', 'certificate', 'last_heartbeat', long]) {
      const text = JSON.stringify({ [name]: { [long]: long }, address: long, extensions: [1] });
      const refusal = refusalOf(() => parseBody(schema, text, 'Body')) ?? '';
      expect(refusal.length).toBeLessThan(MAX_TEXT);
    }
  });
});

describe('parseJson', () => {
  it('takes what JSON.parse takes and nothing else, with the same values but for long integers', () => {
    fc.assert(
      fc.property(body, (text) => {
        let expected: unknown;
        const isJson =
          faultOf(() => {
            expected = JSON.parse(text);
          }) === undefined;
        const refusal = refusalOf(() => {
          const read = parseJson(text);
          expect(withNumbers(read)).toEqual(expected);
        });
        expect(refusal === undefined).toBe(isJson);
      }),
    );
  });
});

/** The value with every `bigint` rounded as JSON.parse rounds it. */
function withNumbers(read: unknown): unknown {
  if (typeof read === 'bigint') return Number(read);
  if (Array.isArray(read)) return read.map(withNumbers);
  if (typeof read !== 'object' || read === null) return read;
  return Object.fromEntries(Object.entries(read).map(([name, item]) => [name, withNumbers(item)]));
}
