/** The bytes of the envelopes (`spec/core-api.md` 5.2). */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorEnvelope, successEnvelope } from './envelope.js';
import { goJson } from './go-json.js';

describe('successEnvelope', () => {
  it('has all keys in order, ends in one newline and escapes no HTML', () => {
    expect(successEnvelope({ a: '<&>' })).toBe(
      '{"type":"sync","status":"Success","status_code":200,"operation":"","error_code":0,"error":"","metadata":{"a":"<&>"}}\n',
    );
  });

  it('has {} for nothing and null for null', () => {
    expect(successEnvelope(undefined)).toContain('"metadata":{}}');
    expect(successEnvelope(null)).toContain('"metadata":null}');
  });

  it('has the status that the handler asked for', () => {
    expect(successEnvelope([], 201)).toContain('"status_code":201');
  });
});

describe('errorEnvelope', () => {
  it('has all keys in order, ends in two newlines and escapes HTML', () => {
    expect(errorEnvelope(404, 'no <x> & "y"')).toBe(
      '{"type":"error","status":"","status_code":0,"operation":"","error_code":404,"error":"no \\u003cx\\u003e \\u0026 \\"y\\"","metadata":null}\n\n',
    );
  });

  it('carries details for programs', () => {
    expect(errorEnvelope(400, 'x', { field: 'name' })).toContain('"metadata":{"field":"name"}}');
  });
});

describe('goJson', () => {
  it('writes integers beyond 2^53 exactly', () => {
    expect(goJson({ id: 18446744073709551615n, ns: 9007199254740993n })).toBe(
      '{"id":18446744073709551615,"ns":9007199254740993}',
    );
  });

  it('leaves out undefined, and writes null for it in a list and at the top', () => {
    expect(goJson({ a: undefined, b: [undefined, 1] })).toBe('{"b":[null,1]}');
    expect(goJson(undefined)).toBe('null');
  });

  it('applies toJSON', () => {
    expect(goJson({ at: new Date(0) })).toBe('{"at":"1970-01-01T00:00:00.000Z"}');
  });

  it('escapes the line separators that Go escapes, and replaces half characters', () => {
    expect(goJson('\u2028\u2029')).toBe('"\\u2028\\u2029"');
    expect(goJson('a\ud800b')).toBe('"a\ufffdb"');
  });

  it('refuses what JSON cannot carry', () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    expect(() => goJson(cycle)).toThrow(/contains itself/);
    expect(() => goJson({ x: Number.NaN })).toThrow(/NaN at "x"/);
  });

  it('writes one value twice in different places', () => {
    const shared = { n: 1 };
    expect(goJson([shared, shared])).toBe('[{"n":1},{"n":1}]');
  });

  it('is what JSON.parse reads back', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const expected: unknown = JSON.parse(JSON.stringify(value));
        expect(JSON.parse(goJson(value))).toEqual(expected);
        expect(JSON.parse(goJson(value, { escapeHtml: true }))).toEqual(expected);
      }),
    );
  });
});
