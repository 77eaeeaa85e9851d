/** The envelopes of `envelope/` as schemas, and who gets which of them. */
import { STATUS_CODES } from 'node:http';
import { UNIX_LISTENER, type AccessRule } from '../access/index.js';
import { ERROR_CODE_HEADER } from '../envelope/index.js';
import type { OpenApiOperation, OpenApiReference, OpenApiResponse } from './openapi-document.js';
import type { JsonSchema } from './wire-schema.js';

/** Name of the security scheme: a certificate that the member trusts. */
export const TRUSTED_CERTIFICATE = 'trustedCertificate';

/** What 'returns nothing' travels as. */
export const NOTHING: JsonSchema = { type: 'object', additionalProperties: false };

/** The success envelope around `metadata` (`spec/core-api.md` 5.2). */
export function successSchema(status: number, metadata: object): JsonSchema {
  return {
    type: 'object',
    properties: {
      type: { const: 'sync' },
      status: { const: 'Success' },
      status_code: { const: status },
      operation: { const: '' },
      error_code: { const: 0 },
      error: { const: '' },
      metadata,
    },
    required: ['type', 'status', 'status_code', 'operation', 'error_code', 'error', 'metadata'],
  };
}

/** The error envelope, with the code of the catalogue in a header. */
export const ERROR_SCHEMA: JsonSchema = {
  type: 'object',
  properties: {
    type: { const: 'error' },
    status: { const: '' },
    status_code: { const: 0 },
    operation: { const: '' },
    error_code: { type: 'integer', minimum: 400, maximum: 599, description: 'The HTTP status.' },
    error: { type: 'string', description: 'What went wrong, and what to do about it.' },
    metadata: {
      description:
        "Details for programs: null, or the fields of the application's exception, among them `errorCode`.",
      type: ['object', 'null'],
      properties: { errorCode: { type: 'string' } },
      additionalProperties: true,
    },
  },
  required: ['type', 'status', 'status_code', 'operation', 'error_code', 'error', 'metadata'],
};

/** The response that every error is. */
export const ERROR_RESPONSE: OpenApiResponse = {
  description: 'What failed, in the error envelope.',
  headers: {
    [ERROR_CODE_HEADER]: {
      description: 'Stable, machine-readable name of the error, where it has one.',
      schema: { type: 'string' },
    },
  },
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
};

export const ERROR: OpenApiReference = { $ref: '#/components/responses/Error' };

/** The error statuses that the access rule alone leads to, by status. */
export function refusals(rule: AccessRule, listener: string): Record<string, OpenApiReference> {
  const isAlwaysOpen = rule.allowedBeforeInit && rule.allowedDuringShutdown;
  return {
    ...(isForTrusted(rule, listener) && { 403: ERROR }),
    ...(!isAlwaysOpen && { 503: ERROR }),
    default: ERROR,
  };
}

/** Everybody who can open the control socket is trusted. */
export function securityOf(
  rule: AccessRule,
  listener: string,
): Required<Pick<OpenApiOperation, 'security'>> | undefined {
  return isForTrusted(rule, listener) ? { security: [{ [TRUSTED_CERTIFICATE]: [] }] } : undefined;
}

/** `?target=`, where it is passed on (`spec/core-api.md` 7.4). */
export function targetParameter({ proxyTarget }: AccessRule): object[] {
  const description = 'Name of the member that shall answer instead of this one.';
  return proxyTarget
    ? [{ name: 'target', in: 'query', required: false, description, schema: { type: 'string' } }]
    : [];
}

export function reasonPhrase(status: number): string {
  return STATUS_CODES[status] ?? 'Success';
}

function isForTrusted(rule: AccessRule, listener: string): boolean {
  return !rule.allowUntrusted && listener !== UNIX_LISTENER;
}
