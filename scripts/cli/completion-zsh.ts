import type { CompletedAction } from './completion.ts';
import { briefOf, settingNames, writtenNames } from './completion.ts';
import type { OptionSpec } from './parse-options.ts';

/** For zsh with its completion system (`compinit`), sourced or as a file `_sluice` of `fpath`. */
export function zshCompletion(actions: readonly CompletedAction[]): string {
  const first = actions.filter(({ name }) => !name.includes(' '));
  const long = actions.filter(({ name }) => name.includes(' '));
  return `#compdef sluice
# Completion of sluice for zsh: source <(sluice completion zsh)
_sluice_jobs() {
  local -a jobs
  jobs=(\${(f)"$(_call_program jobs sluice list 2>/dev/null | grep -oE '[0-9a-f]{32}')"})
  compadd -a jobs
}
_sluice_settings() {
  local -a names
  names=(${settingNames().join(' ')})
  compadd -S = -a names
}
_sluice() {
  local -a actions
  actions=(
${first.map(({ name, what }) => `    ${quoted(`${name}:${what}`)}`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe -t actions action actions
    return
  fi
  local action=$words[2]
${long.map(longAction).join('\n')}
  shift words
  (( CURRENT-- ))
  case "$action" in
${actions.map(caseOf).join('\n')}
  esac
}
if [[ "\${funcstack[1]}" == _sluice ]]; then
  _sluice "$@"
elif (( $+functions[compdef] )); then
  compdef _sluice sluice
fi
`;
}

function longAction({ name }: CompletedAction): string {
  const [first, second] = name.split(' ');
  return `  if [[ "$action" == ${first} && "$words[3]" == ${second} ]] && (( CURRENT > 3 )); then
    action=${quoted(name)}
    shift words
    (( CURRENT-- ))
  elif [[ "$action" == ${first} ]] && (( CURRENT == 3 )); then
    # Beside what the shorter action takes.
    compadd ${second}
  fi`;
}

function caseOf({ name, options, completes }: CompletedAction): string {
  const specs = options.map((option) => `        ${specOf(option)}`);
  const rest = quoted(`*:argument:${actionOf(completes)}`);
  return `    ${quoted(name)})
      _arguments \\
${[...specs, `        ${rest}`].join(' \\\n')} ;;`;
}

/** `'(-p --parallelism)'{-p,--parallelism}'[…]:value:'` */
function specOf(option: OptionSpec): string {
  const names = writtenNames(option);
  const { argument, optionalArgument, repeatable, completes } = option;
  const value = argument === undefined ? '' : `:${escaped(argument)}:${actionOf(completes)}`;
  const what = quoted(
    `[${escaped(briefOf(option))}]${optionalArgument === true ? ':' : ''}${value}`,
  );
  if (names.length === 1) return `${repeatable === true ? "'*'" : ''}${names[0]}${what}`;
  const excluded = repeatable === true ? "'*'" : quoted(`(${names.join(' ')})`);
  return `${excluded}{${names.join(',')}}${what}`;
}

function actionOf(completes: OptionSpec['completes']): string {
  if (completes === undefined) return ' ';
  if (typeof completes !== 'string') return `(${completes.join(' ')})`;
  if (completes === 'setting') return '_sluice_settings';
  return { file: '_files', directory: '_files -/', job: '_sluice_jobs' }[completes];
}

function escaped(text: string): string {
  return text.replaceAll(/[[\]:\\]/g, (sign) => `\\${sign}`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
