/** Rows as text: a grid, columns without borders, or comma-separated values. */

type Row = readonly string[];

/** An ASCII grid with centred headers and a line between all rows. */
export function gridTable(header: Row, rows: readonly Row[]): string {
  return grid(header, rows, true);
}

/** An ASCII grid as SQL shells print it: lines only around the header and the whole. */
export function sqlTable(header: Row, rows: readonly Row[]): string {
  return grid(header, rows, false);
}

/** Columns without borders, for `awk` and narrow terminals. */
export function compactTable(header: Row, rows: readonly Row[]): string {
  const lines = [header, ...rows].map((row) => row.map(visible));
  const widths = columnWidths(lines);
  return lines
    .map((row) => {
      const cells = widths.map((width, at) => padEnd(row[at] ?? '', width));
      return ` ${cells.join('  ').trimEnd()}\n`;
    })
    .join('');
}

/** Comma-separated values without a header (RFC 4180 quoting, newline as line end). */
export function csv(rows: readonly Row[]): string {
  return rows.map((row) => `${row.map(quote).join(',')}\n`).join('');
}

function grid(header: Row, rows: readonly Row[], lineBetweenRows: boolean): string {
  const title = header.map(visible);
  const body = rows.map((row) => row.map((cell) => cell.split('\n').map(visible)));
  const widths = columnWidths([title, ...body.flatMap((row) => linesOf(row))]);
  const rule = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+\n`;
  const line = (cells: Row, pad: (text: string, width: number) => string): string =>
    `|${widths.map((width, at) => ` ${pad(cells[at] ?? '', width)} `).join('|')}|\n`;

  const printed = body.map((row) =>
    linesOf(row)
      .map((cells) => line(cells, padEnd))
      .join(''),
  );
  return (
    rule +
    line(title, centre) +
    rule +
    printed.join(lineBetweenRows ? rule : '') +
    (printed.length > 0 ? rule : '')
  );
}

/** The lines of a row whose cells may have several. */
function linesOf(row: readonly Row[]): string[][] {
  const height = Math.max(1, ...row.map((cell) => cell.length));
  return Array.from({ length: height }, (_, at) => row.map((cell) => cell[at] ?? ''));
}

function columnWidths(lines: readonly Row[]): number[] {
  const widths: number[] = [];
  for (const line of lines) {
    line.forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? 0, displayWidth(cell));
    });
  }
  return widths;
}

/** Control characters as escapes, so that data can neither break the table nor command the terminal. */
function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`;
  });
}

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const COMBINING = /\p{Mn}|\p{Me}|\p{Cf}/u;

/** How many columns of a terminal the text takes. */
function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (WIDE.test(character)) width += 2;
    else if (!COMBINING.test(character)) width += 1;
  }
  return width;
}

function padEnd(text: string, width: number): string {
  return text + ' '.repeat(width - displayWidth(text));
}

function centre(text: string, width: number): string {
  const gap = width - displayWidth(text);
  const left = Math.floor(gap / 2);
  return ' '.repeat(left) + text + ' '.repeat(gap - left);
}

function quote(cell: string): string {
  return /[",\r\n]|^\s/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
