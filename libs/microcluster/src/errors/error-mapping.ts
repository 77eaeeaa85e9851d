/** What a client is told about any error that was thrown: status, text and machine-readable code. */
import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';
import { MICROCLUSTER_ERRORS } from './catalogue.js';
import { isMicroclusterError } from './microcluster-error.js';

/** How an error looks to a client. */
export interface ErrorReport {
  /** HTTP status, 400 to 599. */
  readonly status: number;
  /** One sentence that an operator can act on. */
  readonly text: string;
  /** Machine-readable name of the error, where it has one. */
  readonly code?: string;
  /** Whether nobody foresaw this error: it is logged with its stack. */
  readonly isDefect: boolean;
}

/** What a client reads when the error is a mistake in a program, whose text would mean nothing to it. */
const DEFECT_TEXT = 'Internal server error; the log of this member has the details';

/** The brand of errors of `@microcluster/dqlite`; by brand, so that any copy of that package will do. */
const DQLITE_BRAND = Symbol.for('@microcluster/dqlite/error');

/** Errors that only a programmer can act on. */
const PROGRAMMING_ERRORS = new Set(['TypeError', 'ReferenceError', 'RangeError', 'SyntaxError']);

/** How deep a chain of causes is followed. */
const MAX_CAUSES = 16;

/**
 * Describes `error` to a client (`spec/core-api.md` 5.3).
 *
 * The first error in the chain of causes that has a status decides the status; the text is the outermost
 * one's, which includes what it wraps. An error without any status is a defect: 500, with its text unless
 * it is a programming error; never with a stack.
 */
export function describeError(error: unknown): ErrorReport {
  const known = firstKnown(error);
  if (known === undefined) {
    const speaks = error instanceof Error && !PROGRAMMING_ERRORS.has(error.name);
    return { status: 500, text: speaks ? error.message : DEFECT_TEXT, isDefect: true };
  }
  const outermost = known.depth === 0 ? known.text : textOf(error);
  return {
    status: known.status,
    text: outermost,
    ...(known.code !== undefined && { code: known.code }),
    isDefect: false,
  };
}

/** HTTP status that `error` becomes; 500 for what nobody foresaw. */
export function statusOf(error: unknown): number {
  return describeError(error).status;
}

/** The text that a client reads about `error`; never a stack. */
export function messageOf(error: unknown): string {
  return describeError(error).text;
}

interface KnownError {
  readonly status: number;
  readonly text: string;
  readonly code?: string;
  readonly depth: number;
}

function firstKnown(error: unknown): KnownError | undefined {
  let current = error;
  for (let depth = 0; depth < MAX_CAUSES && current !== undefined && current !== null; depth += 1) {
    const known = classify(current);
    if (known !== undefined) return { ...known, depth };
    current = causeOf(current);
  }
  return undefined;
}

/** TypeORM's QueryFailedError keeps the driver's error in `driverError`. */
function causeOf(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('driverError' in error && error.driverError !== undefined) return error.driverError;
  return 'cause' in error ? error.cause : undefined;
}

function classify(error: unknown): Omit<KnownError, 'depth'> | undefined {
  if (isMicroclusterError(error)) {
    return { status: error.status, text: error.message, code: error.code };
  }
  if (error instanceof Error && DQLITE_BRAND in error) {
    const code = stringProperty(error, 'code') ?? '';
    // The data source speaks to a programmer here; a caller of the API only learns that it is too early.
    const text = code === 'NOT_OPEN' ? MICROCLUSTER_ERRORS.NOT_INITIALISED.template : error.message;
    return { status: dqliteStatus(error, code), text, code };
  }
  if (error instanceof HttpException) {
    const code = stringProperty(error, 'errorCode');
    return {
      status: error.getStatus(),
      text: httpExceptionText(error),
      ...(code !== undefined && { code }),
    };
  }
  if (!(error instanceof Error)) return undefined;
  return classifyByShape(error);
}

/** Errors of libraries, recognised by name or code because their classes may come from another copy. */
function classifyByShape(error: Error): Omit<KnownError, 'depth'> | undefined {
  switch (error.name) {
    case 'EntityNotFoundError':
      return { status: 404, text: textOf(error), code: 'RECORD_NOT_FOUND' };
    case 'AbortError':
    case 'TimeoutError':
      return { status: 503, text: textOf(error), code: 'TIMEOUT' };
    case 'InvalidValueError':
      return { status: 400, text: textOf(error), code: 'BAD_REQUEST' };
    default:
  }
  const code = stringProperty(error, 'code');
  if (code === 'ENOENT') return { status: 404, text: 'Not Found', code };
  if (code === 'EACCES' || code === 'EPERM') return { status: 403, text: 'Forbidden', code };
  if (isUniqueViolation(error)) return { status: 409, text: textOf(error), code: 'CONFLICT' };
  const status = numberProperty(error, 'status') ?? numberProperty(error, 'statusCode');
  if (status !== undefined && Number.isInteger(status) && status >= 400 && status < 600) {
    return { status, text: textOf(error), ...(code !== undefined && { code }) };
  }
  return undefined;
}

/** SQLite's extended result codes of unique and primary key violations. */
const UNIQUE_CODES = new Set([1555, 2067]);

function dqliteStatus(error: Error, code: string): number {
  switch (code) {
    case 'NO_LEADER':
    case 'NOT_LEADER':
    case 'LEADERSHIP_LOST':
    case 'CONNECTION_LOST':
    case 'NOT_OPEN':
    case 'CLOSED':
    case 'NODE_CRASHED':
    case 'BUSY':
    case 'BUSY_SNAPSHOT':
    case 'TIMEOUT':
    case 'ABORTED':
      return 503;
    case 'CONSTRAINT':
      return isUniqueViolation(error) ? 409 : 400;
    case 'STATEMENT_REFUSED':
    case 'INVALID_PARAMETER':
      return 400;
    default:
      return 500;
  }
}

function isUniqueViolation(error: Error): boolean {
  const code = numberProperty(error, 'sqliteCode') ?? numberProperty(error, 'errno');
  if (code !== undefined && UNIQUE_CODES.has(code)) return true;
  return /\bUNIQUE constraint failed\b/.test(error.message);
}

/** Nest puts either a text, or an object whose `message` is a text or a list of texts, into the response. */
function httpExceptionText(error: HttpException): string {
  const response = error.getResponse();
  if (typeof response === 'string') return response;
  if (response instanceof Error) return STATUS_CODES[error.getStatus()] ?? 'Error';
  return messageOfBody(response) ?? error.message;
}

/** The text in an error body as Nest and its users build them: `message` (one or several) or `error`. */
export function messageOfBody(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const message = 'message' in body ? body.message : undefined;
  if (typeof message === 'string' && message !== '') return message;
  if (Array.isArray(message) && message.length > 0) {
    return message
      .map((part) => (typeof part === 'string' ? part : JSON.stringify(part)))
      .join('; ');
  }
  return 'error' in body && typeof body.error === 'string' ? body.error : undefined;
}

/** TypeORM puts the name of the driver's error class in front of its text. */
function textOf(error: unknown): string {
  const own: unknown =
    typeof error === 'object' && error !== null && 'driverError' in error
      ? error.driverError
      : undefined;
  if (own instanceof Error) return own.message;
  return error instanceof Error ? error.message : String(error);
}

function stringProperty(error: object, name: string): string | undefined {
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : undefined;
}

function numberProperty(error: object, name: string): number | undefined {
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'number' ? value : undefined;
}
