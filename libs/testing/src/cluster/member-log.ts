/** What one member logs: a file in the cluster's directory, of which errors show the end. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import type { LoggerService } from '@nestjs/common';
import type { MemberPlan } from './cluster-member.js';

/** Where a member logs. */
export function logFileOf({ stateDir }: Pick<MemberPlan, 'stateDir'>): string {
  return `${stateDir}.log`;
}

/** The last `count` lines of a log; the empty text when nothing was logged. */
export function endOfLog(file: string, count: number): string {
  if (!existsSync(file)) return '';
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
}

/** Writes every line at once, so that the file is complete whatever happens to the process. */
export class MemberLog implements LoggerService {
  constructor(readonly file: string) {}

  log(message: unknown): void {
    this.write('info', message);
  }

  error(message: unknown, ...details: unknown[]): void {
    this.write('error', message, ...details);
  }

  warn(message: unknown): void {
    this.write('warn', message);
  }

  fatal(message: unknown, ...details: unknown[]): void {
    this.write('fatal', message, ...details);
  }

  private write(level: string, ...parts: unknown[]): void {
    const text = parts
      .filter((part) => part !== undefined)
      .map((part) => (typeof part === 'string' ? part : inspect(part, INSPECTION)))
      .join(' ');
    appendFileSync(this.file, `${new Date().toISOString()} ${level} ${text}\n`);
  }
}

const INSPECTION = { breakLength: Infinity, depth: 4 };
