import { describe, expect, it } from 'vitest';
import type { SqlExecutor } from '../database/index.js';
import { LastSeenMembers } from './last-seen-members.js';

/** A database with one member, which can be lost. */
function databaseOf(name: string): SqlExecutor & { isLost: boolean } {
  const row = {
    id: 1,
    name,
    address: '127.0.0.1:1',
    certificate: 'certificate',
    schema_internal: 6,
    schema_external: 0,
    heartbeat: '2026-01-02T03:04:05Z',
    role: 'voter',
    api_extensions: '[]',
  };
  return {
    isLost: false,
    async query() {
      if (this.isLost) throw new Error('nobody leads it');
      return [row];
    },
    execute: () => Promise.reject(new Error('nothing is written here')),
  };
}

describe('the members that were seen last', () => {
  it('are those of the last list that was complete', async () => {
    const seen = new LastSeenMembers();
    const database = databaseOf('n1');
    const table = seen.watch(database, database);
    expect(seen.of(database)).toBeUndefined();
    await table.list();
    database.isLost = true;
    await expect(table.list()).rejects.toThrow('nobody leads it');
    expect(seen.of(database)?.rows.map(({ name }) => name)).toEqual(['n1']);
  });

  it('of one database are not shown for another', async () => {
    const seen = new LastSeenMembers();
    const [left, joined] = [databaseOf('n1'), databaseOf('n2')];
    await seen.watch(left, left).list();
    expect(seen.of(joined)).toBeUndefined();
  });
});
