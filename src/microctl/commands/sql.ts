/** `microctl sql`: runs statements on the cluster's database, or prints it as SQL. */
import { z } from 'zod';
import { parseAnswer, withDaemon } from '../connection.js';
import { sqlTable } from '../output/table.js';
import type { Settings } from '../settings.js';

const dump = z.object({ text: z.string() });
const result = z.object({
  type: z.string(),
  columns: z.array(z.string()).nullable(),
  rows: z.array(z.array(z.unknown())).nullable(),
  rows_affected: z.number(),
});
const batch = z.object({ Results: z.array(result).nullable() });

const PATH = '/core/internal/sql';

/**
 * Runs `query`; `.dump` and `.schema` print the database, `-` reads the query from standard input.
 *
 * @param options.transaction keep all of the statements or none
 */
export async function sql(
  settings: Settings,
  query: string,
  options: { readonly transaction?: boolean } = {},
): Promise<void> {
  const { out } = settings.terminal;
  const statements = query === '-' ? await settings.terminal.readInput(settings.signal) : query;
  await withDaemon(settings, async (daemon) => {
    if (statements === '.dump' || statements === '.schema') {
      const schema = statements === '.schema' ? '1' : '0';
      const answer = await daemon.request('GET', PATH, { query: { schema } });
      out(parseAnswer(dump, 'the request for a dump', answer).text);
      return;
    }
    const answer = await daemon.request('POST', PATH, {
      body: { query: statements },
      query: options.transaction === true ? { transaction: '1' } : {},
    });
    const results = parseAnswer(batch, 'the query', answer).Results ?? [];
    results.forEach((one, index) => {
      const text = describeResult(one);
      out(results.length > 1 ? `=> Query ${index}:\n\n${text}\n` : text);
    });
  });
}

function describeResult(one: z.infer<typeof result>): string {
  if (one.type !== 'select') return `Rows affected: ${one.rows_affected}\n`;
  return sqlTable(
    one.columns ?? [],
    (one.rows ?? []).map((row) => row.map(cell)),
  );
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
