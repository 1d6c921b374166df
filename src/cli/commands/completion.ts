/** `openbell completion`: a script that lets a shell complete commands and options, made of the commands themselves. */
import { Argument, Command } from 'commander';
import { COMMANDS } from '../commands.ts';
import { print } from '../output.ts';

interface Completed {
  /** `tape export`, or one word. */
  readonly path: readonly string[];
  readonly description: string;
  readonly options: readonly { readonly long: string; readonly description: string }[];
}

const SHELLS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

export function completionCommand(): Command {
  return new Command('completion')
    .addArgument(new Argument('<shell>', 'whose script to print').choices(Object.keys(SHELLS)))
    .addHelpText(
      'after',
      '\nExamples:\n  source <(openbell completion bash)      # in ~/.bashrc\n  source <(openbell completion zsh)       # in ~/.zshrc, after compinit\n  openbell completion fish > ~/.config/fish/completions/openbell.fish',
    )
    .action(async (shell: keyof typeof SHELLS) => {
      const loaded = await Promise.all(
        COMMANDS.map(async ({ description, load }) => ({ command: await load(), description })),
      );
      print(
        SHELLS[shell](loaded.flatMap(({ command, description }) => completedOf(command, description, []))),
      );
    });
}

function completedOf(command: Command, description: string, above: readonly string[]): readonly Completed[] {
  const path = [...above, command.name()];
  const options = [...command.options, { long: '--help', description: 'show the command, with examples' }]
    .filter((option) => option.long != null)
    .map((option) => ({ long: option.long ?? '', description: option.description }));
  const inner = command.commands.flatMap((each) => completedOf(each, each.description(), path));
  return [{ path, description, options }, ...inner];
}

/** Words that may follow a path: of the empty one the commands. */
function nextWords(commands: readonly Completed[], path: readonly string[]): readonly Completed[] {
  return commands.filter(
    (each) => each.path.length === path.length + 1 && path.every((word, index) => each.path[index] === word),
  );
}

function bashScript(commands: readonly Completed[]): string {
  const cases = commands.map((each) => {
    const words = [
      ...nextWords(commands, each.path).map(({ path }) => path.at(-1)),
      ...each.options.map(({ long }) => long),
    ];
    return `    "${each.path.join(' ')}") words="${words.join(' ')}" ;;`;
  });
  const first = nextWords(commands, []).map(({ path }) => path[0]);
  return `_openbell() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" word words="${first.join(' ')}"
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) break ;; esac
    path="\${path:+$path }$word"
    case "$path" in
${cases.map((line) => `  ${line}`).join('\n')}
      *) break ;;
    esac
  done
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  # Plans, tapes and strategies are files.
  if [ \${#COMPREPLY[@]} -eq 0 ]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -o filenames -F _openbell openbell`;
}

/** zsh reads bash's way of completing. */
function zshScript(commands: readonly Completed[]): string {
  return `autoload -U +X bashcompinit && bashcompinit\n${bashScript(commands)}`;
}

function fishScript(commands: readonly Completed[]): string {
  const lines = commands.flatMap(({ path, description, options }) => {
    const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ');
    const above = path.slice(0, -1).map((word) => `__fish_seen_subcommand_from ${word}`);
    const condition = above.length === 0 ? '__fish_use_subcommand' : above.join('; and ');
    return [
      `complete -c openbell -f -n '${condition}' -a ${path.at(-1)} -d ${quoted(description)}`,
      ...options.map(
        (option) =>
          `complete -c openbell -n '${seen}' -l ${option.long.slice(2)} -d ${quoted(option.description)}`,
      ),
    ];
  });
  return lines.join('\n');
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
