/** The two envelopes in which every answer of the Core API travels (`spec/core-api.md` 5.2). */
import { stringifyJson } from '../types/json.js';

/** The Content-Type of every answer in an envelope. */
export const ENVELOPE_CONTENT_TYPE = 'application/json';

/**
 * The body of a successful answer, ending in one newline.
 *
 * @param metadata the payload; `undefined` ("returns nothing") becomes `{}`, `null` stays `null`
 * @param status HTTP status of the answer, default 200
 * @throws TypeError when the payload cannot be written as JSON
 */
export function successEnvelope(metadata: unknown, status = 200): string {
  const payload = stringifyJson(metadata === undefined ? {} : metadata);
  return `{"type":"sync","status":"Success","status_code":${status},"operation":"","error_code":0,"error":"","metadata":${payload}}\n`;
}

/**
 * The body of a failed answer, ending in two newlines, with `<`, `>` and `&` escaped.
 *
 * @param status HTTP status of the answer
 * @param text what went wrong, for an operator
 * @param metadata details for programs; Go clients ignore it
 * @throws TypeError when `metadata` cannot be written as JSON
 */
export function errorEnvelope(status: number, text: string, metadata: unknown = null): string {
  const error = stringifyJson(text, { escapeHtml: true });
  const details = stringifyJson(metadata, { escapeHtml: true });
  return `{"type":"error","status":"","status_code":0,"operation":"","error_code":${status},"error":${error},"metadata":${details}}\n\n`;
}
