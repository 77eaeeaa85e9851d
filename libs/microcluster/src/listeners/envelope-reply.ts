/** Putting the envelope on what the user's handlers, filters and `@Res()` send through Fastify. */
import { STATUS_CODES } from 'node:http';
import { StreamableFile } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  ENVELOPE_CONTENT_TYPE,
  ERROR_CODE_HEADER,
  errorEnvelope,
  successEnvelope,
} from '../envelope/index.js';
import { MICROCLUSTER_ERRORS, messageOfBody, type ErrorReport } from '../errors/index.js';
import { routeAccessOf } from './route-access.js';

/** An error reply with details for programs. */
export interface BodyReport extends ErrorReport {
  /** Custom fields of an error body; `null` when it has none. */
  readonly details: unknown;
}

/** Fields of an error body of Nest that the envelope says in its own way. */
const STANDARD_FIELDS = new Set(['statusCode', 'message', 'error']);

/** Whether answers of this request travel in the envelope: not those of `@RawResponse()` and plain routes. */
export function takesEnvelope(request: FastifyRequest, reply: FastifyReply): boolean {
  const access = routeAccessOf(request);
  const isOurs = access === undefined ? request.is404 : !access.rawResponse;
  return isOurs && hasJsonType(reply);
}

/** Whether `body` is a value, rather than bytes or a stream that somebody formatted already. */
export function isEnvelopable(body: unknown, status: number): boolean {
  if (status === 204 || status === 304) return false;
  if (typeof body !== 'object' || body === null) return true;
  const isStream = 'pipe' in body || 'getReader' in body || body instanceof StreamableFile;
  return !isStream && !ArrayBuffer.isView(body) && !(body instanceof Response);
}

/** The envelope around a value that is sent with the status of `reply`. */
export function envelopeFor(reply: FastifyReply, body: unknown): string {
  const status = reply.statusCode;
  if (status < 400) return successEnvelope(body, status);
  const report = reportOfBody(body, status, reply.request.is404);
  markError(reply, report);
  return errorEnvelope(status, report.text, report.details);
}

/** Sends an error envelope. */
export function replyWithReport(reply: FastifyReply, report: ErrorReport): FastifyReply {
  reply.code(report.status).header('content-type', ENVELOPE_CONTENT_TYPE);
  markError(reply, report);
  return reply.send(Buffer.from(errorEnvelope(report.status, report.text), 'utf8'));
}

/**
 * Reads an error body as Nest or a filter of the user built it.
 *
 * @param isUnknownPath whether it is about a path without any handler, whose text the protocol fixes
 */
export function reportOfBody(body: unknown, status: number, isUnknownPath = false): BodyReport {
  const fixed =
    isUnknownPath && status === 404 ? MICROCLUSTER_ERRORS.NOT_FOUND.template : undefined;
  const spoken = typeof body === 'string' && body !== '' ? body : messageOfBody(body);
  const text = fixed ?? spoken ?? STATUS_CODES[status] ?? 'Error';
  const code =
    typeof body === 'object' && body !== null && 'errorCode' in body ? body.errorCode : undefined;
  return {
    status,
    text,
    ...(typeof code === 'string' ? { code } : fixed !== undefined && { code: 'NOT_FOUND' }),
    isDefect: false,
    details: detailsOf(body),
  };
}

function detailsOf(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return null;
  const fields = Object.entries(body).filter(([name]) => !STANDARD_FIELDS.has(name));
  return fields.length === 0 ? null : Object.fromEntries(fields);
}

function markError(reply: FastifyReply, report: ErrorReport): void {
  reply.header('x-content-type-options', 'nosniff');
  if (report.code !== undefined) reply.header(ERROR_CODE_HEADER.toLowerCase(), report.code);
}

function hasJsonType(reply: FastifyReply): boolean {
  const type = reply.getHeader('content-type');
  return type === undefined || /^application\/json\s*(?:;|$)/i.test(String(type));
}
