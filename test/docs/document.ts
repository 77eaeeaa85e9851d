/** Takes the code blocks out of a Markdown document. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REPOSITORY } from '../support/programs.js';

export interface CodeBlock {
  /** The word behind the opening fence. */
  readonly language: string;
  readonly text: string;
}

/** The code blocks of a document of the repository, in order. */
export async function codeBlocks(path: string): Promise<CodeBlock[]> {
  const text = await readFile(join(REPOSITORY, path), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map((match) => ({
    language: match[1] ?? '',
    text: match[2] ?? '',
  }));
}

/** The blocks of one language, as text. */
export async function blocksOf(path: string, language: string): Promise<string[]> {
  return (await codeBlocks(path))
    .filter((block) => block.language === language)
    .map((block) => block.text);
}
