/** What one member logs: a file in the cluster's directory, of which errors show the end. */
import { appendFileSync } from 'node:fs';
import { inspect } from 'node:util';
import type { LoggerService } from '@nestjs/common';

/** Lines kept in memory, for errors. */
const KEPT_LINES = 1_000;

/** Writes every line at once, so that the file is complete whatever happens to the process. */
export class MemberLog implements LoggerService {
  private readonly kept: string[] = [];

  constructor(readonly file: string) {}

  /** The last `count` lines. */
  tail(count: number): string[] {
    return this.kept.slice(-count);
  }

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
    const line = `${new Date().toISOString()} ${level} ${text}`;
    this.kept.push(line);
    if (this.kept.length > KEPT_LINES) this.kept.shift();
    appendFileSync(this.file, `${line}\n`);
  }
}

const INSPECTION = { breakLength: Infinity, depth: 4 };
