import type { CompletedAction } from './completion.ts';
import { writtenNames } from './completion.ts';
import type { OptionSpec } from './parse-options.ts';

/**
 * For bash from 3.2 on. Where it says nothing, bash completes file names by itself, with all
 * quoting.
 */
export function bashCompletion(actions: readonly CompletedAction[]): string {
  const first = actions.map(({ name }) => name).filter((name) => !name.includes(' '));
  const long = actions.filter(({ name }) => name.includes(' '));
  return `# Completion of sluice for bash: source <(sluice completion bash)
_sluice_words() {
  COMPREPLY=($(compgen -W "$1" -- "$current"))
}
_sluice_jobs() {
  local at address=127.0.0.1:8081
  for ((at = 2; at < \${#COMP_WORDS[@]} - 1; at++)); do
    case "\${COMP_WORDS[at]}" in
      -m|--jobmanager) address="\${COMP_WORDS[at + 1]}:\${COMP_WORDS[at + 3]}" ;;
    esac
  done
  # A deployed cluster is not asked for each press of a key.
  case "$address" in http*) return ;; esac
  # bash takes host:port apart: host, colon, port.
  _sluice_words "$("\${COMP_WORDS[0]}" list -m "$address" 2>/dev/null |
    grep -oE ' [0-9a-f]{32} ')"
}
_sluice() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}"
  local action="\${COMP_WORDS[1]}"
  COMPREPLY=()
  if [[ $COMP_CWORD -eq 1 ]]; then
    _sluice_words "${first.join(' ')} --help --version"
    return
  fi
${long.map(longAction).join('\n')}
  case "$action" in
${actions.map(caseOf).join('\n')}
  esac
}
complete -o bashdefault -o default -F _sluice sluice
`;
}

function longAction({ name }: CompletedAction): string {
  const [first, second] = name.split(' ');
  return `  if [[ "$action" == ${first} ]]; then
    if [[ $COMP_CWORD -gt 2 && "\${COMP_WORDS[2]}" == ${second} ]]; then action="${name}"
    elif [[ $COMP_CWORD -eq 2 && -n "$current" && ${second} == "$current"* ]]; then
      COMPREPLY=(${second})
      return
    fi
  fi`;
}

function caseOf({ name, options, completes }: CompletedAction): string {
  const words = options.flatMap(writtenNames).join(' ');
  const valued = options.filter(({ argument, optionalArgument }) => {
    return argument !== undefined && optionalArgument !== true;
  });
  const positional = completionOf(completes);
  return `    ${name.includes(' ') ? `"${name}"` : name})
      case "$previous" in
${valued.map(valueCase).join('\n')}
      esac
      case "$current" in
        -*) _sluice_words "${words}" ;;
        *) ${positional} ;;
      esac ;;`;
}

function valueCase(option: OptionSpec): string {
  return `        ${writtenNames(option).join('|')}) ${completionOf(option.completes)}; return ;;`;
}

function completionOf(completes: OptionSpec['completes']): string {
  if (completes === undefined) return 'compopt +o default +o bashdefault 2>/dev/null';
  if (typeof completes !== 'string') return `_sluice_words "${completes.join(' ')}"`;
  // File names are bash's own.
  return completes === 'job' ? '_sluice_jobs' : ':';
}
