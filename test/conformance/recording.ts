/** What a recorded exchange is, and how the changing parts of an answer are compared. */
import { X509Certificate } from 'node:crypto';
import type { ListenerLetter } from './catalogue.js';
import type { Caller, State, Subject } from './subject.js';

/** One request in bytes and its answer. */
export interface Recording {
  readonly title: string;
  readonly state: State;
  readonly listener: ListenerLetter;
  readonly caller: Caller;
  /** The bytes, with the daemon's Host value, its address and the certificates of its callers. */
  readonly request: (host: string, subject: Pick<Subject, 'address' | 'callers'>) => string;
  readonly statusLine: string;
  /** Without `Date` and `Content-Length`, which are checked by themselves. */
  readonly headers: readonly string[];
  /** Exactly, with `<name>` for what differs from run to run; see {@link placeholders}. */
  readonly body: string;
}

/** Every success and every failure has these. */
export const SUCCESS_HEADERS = ['Connection: close', 'Content-Type: application/json'];
export const ERROR_HEADERS = [...SUCCESS_HEADERS, 'X-Content-Type-Options: nosniff'];

/** Success envelope around `metadata`: keys in order, one newline. */
export const success = (metadata: string): string =>
  `{"type":"sync","status":"Success","status_code":200,"operation":"","error_code":0,"error":"","metadata":${metadata}}\n`;

/** Error envelope: keys in order, HTML escaped, two newlines. */
export const failure = (status: number, text: string): string =>
  `{"type":"error","status":"","status_code":0,"operation":"","error_code":${status},"error":${escaped(text)},"metadata":null}\n\n`;

const PLACEHOLDER = /(<[a-z -]+>)/;

function escaped(text: string): string {
  const escapeHtml = (part: string) =>
    part.replaceAll(/[<>&]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return JSON.stringify(text)
    .split(PLACEHOLDER)
    .map((part) => (PLACEHOLDER.test(part) ? part : escapeHtml(part)))
    .join('');
}

/** A pattern of exactly the recorded body, with this run's values for the placeholders. */
export async function expectedBody(body: string, subject: Subject): Promise<RegExp> {
  const known = await placeholders(subject);
  const parts = body.split(PLACEHOLDER).map((part) => known.get(part) ?? escapePattern(part));
  return new RegExp(`^${parts.join('')}$`);
}

/** What each placeholder stands for, as a pattern. */
async function placeholders(subject: Subject): Promise<ReadonlyMap<string, string>> {
  const certificate = await subject.file('server.crt').catch(() => '');
  const cluster = await subject.file('cluster.crt').catch(() => '');
  return new Map([
    ['<hostname>', escapePattern(subject.hostname)],
    ['<address>', escapePattern(subject.address)],
    ['<pre-init address>', escapePattern(subject.preInitAddress)],
    ['<certificate>', escapePattern(JSON.stringify(normalised(certificate)).slice(1, -1))],
    ['<fingerprint>', cluster === '' ? '-' : fingerprint(cluster)],
    // RFC 3339 with up to nine digits of a second that do not end in 0.
    ['<time>', String.raw`20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{0,8}[1-9])?(?:Z|[+-]\d\d:\d\d)`],
    ['<base>', '[A-Za-z0-9+/]+={0,2}'],
    ['<any>', '.*'],
  ]);
}

function normalised(pem: string): string {
  return pem === '' ? '' : new X509Certificate(pem).toString();
}

function fingerprint(pem: string): string {
  return new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase();
}

function escapePattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
}
