import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { run } from './program.js';
import { recordingTerminal } from './terminal.fixture.js';

async function script(shell: string) {
  const terminal = recordingTerminal();
  const code = await run(['completion', shell], {}, terminal);
  return { code, ...terminal.printed };
}

/** What bash offers at the end of the words of a command line. */
async function offered(...words: string[]): Promise<string[]> {
  const { out } = await script('bash');
  const line = words.map((word) => `'${word}'`).join(' ');
  const ask = `${out}\nCOMP_WORDS=(microctl ${line}); COMP_CWORD=${words.length}; _microctl; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', ask], { encoding: 'utf8' }).trim().split('\n');
}

describe('completion', () => {
  it('offers commands, the commands below them, and their options in bash', async () => {
    expect(await offered('')).toEqual(
      expect.arrayContaining(['init', 'cluster', 'doctor', 'completion', '--state-dir']),
    );
    expect(await offered('--state-dir', '/x', 'cluster', 're')).toEqual(['remove']);
    expect(await offered('cluster', 'remove', 'c3', '--d')).toEqual(['--dry-run']);
  });

  it('describes every command in fish and zsh', async () => {
    const fish = await script('fish');
    expect(fish.out).toContain(
      `-n '__fish_seen_subcommand_from tokens; and not __fish_seen_subcommand_from add list revoke' -f -a revoke -d 'Make a token useless'`,
    );
    const zsh = await script('zsh');
    expect(zsh.out).toMatch(/^#compdef microctl\n/);
    expect(zsh.out).toContain(`'revoke:Make a token useless'`);
  });

  it('names the shells that it knows', async () => {
    expect(await script('tcsh')).toEqual({
      code: 1,
      out: '',
      err: 'Error: No completion for "tcsh": choose bash, zsh or fish\n',
    });
  });
});
