import type { CompletedAction } from './completion.ts';
import { settingNames, writtenNames } from './completion.ts';
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
_sluice_directories() {
  local found
  compopt -o filenames 2>/dev/null
  COMPREPLY=()
  while IFS= read -r found; do COMPREPLY+=("$found"); done < <(compgen -d -- "$current")
}
_sluice_settings() {
  # The value stands right behind the equals sign.
  COMPREPLY=($(compgen -P "$1" -S = -W "${settingNames().join(' ')}" -- "\${current#"$1"}"))
  compopt -o nospace +o default +o bashdefault 2>/dev/null
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
    elif [[ $COMP_CWORD -eq 2 && ${second} == "$current"* ]]; then
      # Nothing typed: it stands beside what the shorter action takes.
      if [[ -z "$current" ]]; then _sluice_jobs; fi
      COMPREPLY+=(${second})
      return
    fi
  fi`;
}

function caseOf({ name, options, completes }: CompletedAction): string {
  const words = options.flatMap(writtenNames).join(' ');
  // An optional value may be left out, but is what can be meant right behind its option.
  const valued = options.filter(({ argument }) => argument !== undefined);
  const positional = completionOf(completes);
  const attached = options
    .filter((option) => option.completes === 'setting')
    .map(({ short }) => `        -${short}*) _sluice_settings "-${short}" ;;\n`)
    .join('');
  return `    ${name.includes(' ') ? `"${name}"` : name})
      case "$previous" in
${valued.map(valueCase).join('\n')}
      esac
      case "$current" in
${attached}        -*) _sluice_words "${words}" ;;
        *) ${positional} ;;
      esac ;;`;
}

function valueCase(option: OptionSpec): string {
  const names = writtenNames(option).join('|');
  const { optionalArgument, completes } = option;
  // The next option, where a value may be left out.
  const unless = optionalArgument === true ? '[[ "$current" == -* ]] || ' : '';
  if (unless === '') return `        ${names}) ${completionOf(completes)}; return ;;`;
  return `        ${names}) ${unless}{ ${completionOf(completes)}; return; } ;;`;
}

function completionOf(completes: OptionSpec['completes']): string {
  if (completes === undefined) return 'compopt +o default +o bashdefault 2>/dev/null';
  if (typeof completes !== 'string') return `_sluice_words "${completes.join(' ')}"`;
  if (completes === 'setting') return '_sluice_settings ""';
  if (completes === 'directory') return '_sluice_directories';
  // File names are bash's own.
  return completes === 'job' ? '_sluice_jobs' : ':';
}
