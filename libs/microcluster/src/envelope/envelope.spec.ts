/** The bytes of the envelopes (`spec/core-api.md` 5.2). */
import { describe, expect, it } from 'vitest';
import { errorEnvelope, successEnvelope } from './envelope.js';

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
