/** Shell completion, made from the declared commands, so that it never lacks one. */
import type { Command } from 'commander';

/** A command with what may follow it. */
interface Node {
  /** Names from the root, without the program's own. */
  readonly path: readonly string[];
  readonly words: readonly Word[];
}

interface Word {
  readonly text: string;
  readonly description: string;
}

const SCRIPTS: Readonly<Record<string, (program: string, nodes: readonly Node[]) => string>> = {
  bash,
  zsh,
  fish,
};

/** The script for `shell`. @throws Error when there is none for it */
export function completionScript(shell: string, program: Command): string {
  const script = SCRIPTS[shell];
  if (script === undefined) {
    throw new Error(`No completion for "${shell}": choose bash, zsh or fish`);
  }
  return script(program.name(), nodesOf(program, []));
}

function nodesOf(command: Command, path: readonly string[]): Node[] {
  const words = [
    ...command.commands.map((child) => ({ text: child.name(), description: child.description() })),
    ...command.options.flatMap(({ long, description }) =>
      typeof long === 'string' ? [{ text: long, description }] : [],
    ),
    { text: '--help', description: 'print help' },
  ];
  const children = command.commands.flatMap((child) => nodesOf(child, [...path, child.name()]));
  return [{ path, words }, ...children];
}

/** Bash and zsh walk the words before the cursor: what is no option and known as a command leads downwards. */
function bash(program: string, nodes: readonly Node[]): string {
  return `# Completion of ${program} for bash: source it, or put it into bash-completion's completions folder.
_${program}() {
  local word path=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in
${pathCases(nodes)}
    esac
  done
  local words=""
  case "$path" in
${nodes.map(({ path, words }) => `    ${quote(path.join(' '))}) words=${quote(words.map(({ text }) => text).join(' '))} ;;`).join('\n')}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _${program} ${program}
`;
}

function zsh(program: string, nodes: readonly Node[]): string {
  const described = ({ text, description }: Word) =>
    quote(`${text.replaceAll(':', '\\:')}:${description}`);
  return `#compdef ${program}
# Completion of ${program} for zsh: put it into a folder of $fpath as _${program}, or source it.
_${program}() {
  local word spot=""
  local -a choices
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$spot $word" in
${pathCases(nodes).replaceAll('path=', 'spot=')}
    esac
  done
  case "$spot" in
${nodes.map(({ path, words }) => `    ${quote(path.join(' '))}) choices=(${words.map(described).join(' ')}) ;;`).join('\n')}
  esac
  _describe ${program} choices || _files
}
if [ "$funcstack[1]" = "_${program}" ]; then _${program} "$@"; else compdef _${program} ${program}; fi
`;
}

function fish(program: string, nodes: readonly Node[]): string {
  const lines = nodes.flatMap(({ path, words }) => {
    const children = nodes
      .filter((node) => isChild(node.path, path))
      .map((node) => node.path.at(-1));
    const seen = path.map((name) => `__fish_seen_subcommand_from ${name}`);
    const unseen =
      children.length === 0 ? [] : [`not __fish_seen_subcommand_from ${children.join(' ')}`];
    const condition = [...seen, ...unseen].join('; and ');
    return words.map(({ text, description }) => {
      const what = text.startsWith('--') ? `-l ${text.slice(2)}` : `-f -a ${text}`;
      return `complete -c ${program} -n ${quote(condition)} ${what} -d ${quote(description)}`;
    });
  });
  return `# Completion of ${program} for fish: put it into ~/.config/fish/completions/${program}.fish.\n${lines.join('\n')}\n`;
}

function pathCases(nodes: readonly Node[]): string {
  return nodes
    .filter(({ path }) => path.length > 0)
    .map(({ path }) => {
      const parent = path.slice(0, -1).join(' ');
      return `      ${quote(`${parent} ${path.at(-1)}`)}) path=${quote(path.join(' '))} ;;`;
    })
    .join('\n');
}

function isChild(path: readonly string[], parent: readonly string[]): boolean {
  return path.length === parent.length + 1 && parent.every((name, at) => path[at] === name);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
