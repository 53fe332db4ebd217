import type { ComponentChildren, JSX } from 'preact';
import type { ProgramJson } from '../../data/index.ts';
import type { RunOptions } from './run-options.ts';

/** The fields of a run. */
export function OptionFields(props: {
  readonly program: ProgramJson;
  readonly options: RunOptions;
  readonly onChange: (options: RunOptions) => void;
  /** The savepoint is chosen elsewhere. */
  readonly isSavepointFixed?: boolean;
}): JSX.Element {
  const { program, options, onChange, isSavepointFixed = false } = props;
  const change = (changed: Partial<RunOptions>): void => onChange({ ...options, ...changed });
  const text = (name: keyof RunOptions) => ({
    id: `run-${name}`,
    value: String(options[name]),
    autocomplete: 'off',
    onInput: (event: { readonly currentTarget: { readonly value: string } }) =>
      change({ [name]: event.currentTarget.value }),
  });
  return (
    <div class="run-fields">
      {program.entry.length > 1 && (
        <Field id="run-entryClass" label="Job of the bundle">
          <select class="select" {...text('entryClass')}>
            <option value="">the first</option>
            {program.entry.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </Field>
      )}
      <Field id="run-programArgs" label="Arguments" hint="As on a command line.">
        <input class="input mono" placeholder="--rate 1000" {...text('programArgs')} />
      </Field>
      <Field id="run-parallelism" label="Parallelism" hint="Empty: as the job says.">
        <input class="input" inputMode="numeric" {...text('parallelism')} />
      </Field>
      {!isSavepointFixed && (
        <Field
          id="run-savepointPath"
          label="Start from a savepoint"
          hint="The path of a savepoint or a kept checkpoint."
        >
          <input class="input mono" {...text('savepointPath')} />
        </Field>
      )}
      {options.savepointPath !== '' && <RestoreFields options={options} onChange={change} />}
      <Field id="run-configuration" label="Options" hint="A line each: option: value">
        <textarea
          class="textarea"
          rows={4}
          placeholder="execution.checkpointing.interval: 10s"
          {...text('configuration')}
        />
      </Field>
    </div>
  );
}

function RestoreFields(props: {
  readonly options: RunOptions;
  readonly onChange: (changed: Partial<RunOptions>) => void;
}): JSX.Element {
  const { options, onChange } = props;
  const { claimMode, allowNonRestoredState } = options;
  return (
    <fieldset class="restore">
      <legend>Of the savepoint</legend>
      <label class="check">
        <input
          type="checkbox"
          checked={claimMode === 'CLAIM'}
          onChange={(event) => {
            onChange({ claimMode: event.currentTarget.checked ? 'CLAIM' : 'NO_CLAIM' });
          }}
        />
        The job takes it over, and deletes it when it needs it no more
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={allowNonRestoredState}
          onChange={(event) => onChange({ allowNonRestoredState: event.currentTarget.checked })}
        />
        Drop state that no operator of this job takes
      </label>
    </fieldset>
  );
}

function Field(props: {
  readonly id: string;
  readonly label: string;
  readonly hint?: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  const { id, label, hint, children } = props;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      {hint !== undefined && <span class="hint">{hint}</span>}
    </div>
  );
}
