/** Opens the person's editor on a text. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Every system of the kind that runs a daemon has it. */
const DEFAULT_EDITOR = 'vi';

/**
 * Runs `VISUAL` or `EDITOR`, a command with arguments but without a shell's quotes, on a private file.
 *
 * @param environment also the editor's
 * @returns the text as it was saved
 * @throws Error when the editor cannot be run or fails
 */
export async function editText(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<string> {
  const command = environment['VISUAL'] || environment['EDITOR'] || DEFAULT_EDITOR;
  const [program = DEFAULT_EDITOR, ...args] = command.trim().split(/\s+/);
  const directory = await mkdtemp(join(tmpdir(), 'microctl-edit-'));
  const file = join(directory, 'members.yaml');
  try {
    await writeFile(file, text, { mode: 0o600 });
    const editor = spawn(program, [...args, file], { stdio: 'inherit', env: environment, signal });
    const [code, died] = await once(editor, 'exit').catch((cause: unknown) => {
      signal.throwIfAborted();
      throw new Error(`The editor "${command}" cannot be run; set EDITOR`, { cause });
    });
    if (code !== 0) {
      throw new Error(`The editor "${command}" failed (${died ?? `code ${code}`})`);
    }
    return await readFile(file, 'utf8');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
