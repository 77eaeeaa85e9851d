/** Which members still have to get which additional server's certificate; kept across restarts. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { removeFileDurably, writeFileAtomic } from '../../state/index.js';

/** In the directory of the certificates; holds names alone. */
const FILE = '.deliveries.json';

const pendingSchema = z.record(z.string(), z.array(z.string()));

/** Member names by certificate name. */
export type PendingDeliveries = Readonly<Record<string, readonly string[]>>;

export class Deliveries {
  private last: Promise<unknown> = Promise.resolve();

  /** @param directory `certificates/` of the state directory */
  constructor(private readonly directory: string) {}

  /** All of them; a file that cannot be read counts as empty, since a replacement can be repeated. */
  async pending(): Promise<PendingDeliveries> {
    try {
      return pendingSchema.parse(JSON.parse(await readFile(this.file, 'utf8')));
    } catch {
      return {};
    }
  }

  /** Notes who lacks the certificate; nobody removes the note. */
  set(certificate: string, members: readonly string[]): Promise<void> {
    return this.change((pending) => ({ ...pending, [certificate]: members }));
  }

  /** Notes that one member needs it no longer. */
  settle(certificate: string, member: string): Promise<void> {
    return this.change((pending) => ({
      ...pending,
      [certificate]: (pending[certificate] ?? []).filter((name) => name !== member),
    }));
  }

  private change(update: (pending: PendingDeliveries) => PendingDeliveries): Promise<void> {
    const result = this.last.then(() => this.store(update));
    this.last = result.catch(() => undefined);
    return result;
  }

  private async store(update: (pending: PendingDeliveries) => PendingDeliveries): Promise<void> {
    const before = await this.pending();
    const after = Object.entries(update(before)).filter(([, members]) => members.length > 0);
    if (after.length > 0) {
      await writeFileAtomic(this.file, JSON.stringify(Object.fromEntries(after)), 0o600);
    } else if (Object.keys(before).length > 0) {
      await removeFileDurably(this.file);
    }
  }

  private get file(): string {
    return path.join(this.directory, FILE);
  }
}
