/** Takes a PRAGMA statement apart. */
import { isPunctuation, type Token } from './sql-tokens.js';

export interface Pragma {
  /** In upper case. */
  readonly name: string;
  /** How an argument is written: `= value`, `(argument)`, or not at all. */
  readonly argument: 'none' | 'value' | 'call';
  /** The argument as written, tokens separated by spaces. */
  readonly value: string;
}

/** @param tokens of a statement that starts with PRAGMA */
export function pragmaOf(tokens: readonly Token[]): Pragma {
  const at = isPunctuation(tokens[2], '.') ? 3 : 1;
  const name = (tokens[at]?.text ?? '').toUpperCase();
  const value = tokens
    .slice(at + 2)
    .map((token) => token.text)
    .join(' ');
  if (isPunctuation(tokens[at + 1], '=')) return { name, argument: 'value', value };
  if (isPunctuation(tokens[at + 1], '(')) return { name, argument: 'call', value };
  return { name, argument: 'none', value: '' };
}
