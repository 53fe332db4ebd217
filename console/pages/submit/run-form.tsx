import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { ConnectionError, type PlanJson, type ProgramJson, useConsole } from '../../data/index.ts';
import { PlanGraph } from '../../graph/index.ts';
import { goTo, Notice } from '../../ui/index.ts';
import { OptionFields } from './option-fields.tsx';
import {
  faultOf,
  NO_OPTIONS,
  newJobId,
  planQuery,
  type RunOptions,
  runBody,
} from './run-options.ts';

type Doing = 'nothing' | 'planning' | 'running';

/** How a bundle is run; its plan first, if wanted. */
export function RunForm({ program }: { readonly program: ProgramJson }): JSX.Element {
  const { client, store } = useConsole();
  const [options, setOptions] = useState<RunOptions>(NO_OPTIONS);
  const [doing, setDoing] = useState<Doing>('nothing');
  const [message, setMessage] = useState<string>();
  const [plan, setPlan] = useState<PlanJson>();
  const jobId = useRef<string | undefined>(undefined);
  const fault = faultOf(options);
  const path = `/jars/${encodeURIComponent(program.id)}`;
  const attempt = async (what: Doing, run: () => Promise<void>): Promise<void> => {
    setDoing(what);
    setMessage(undefined);
    try {
      await run();
    } catch (thrown) {
      const text = thrown instanceof Error ? thrown.message : String(thrown);
      setMessage(thrown instanceof ConnectionError ? `${text} Trying again is safe.` : text);
    }
    setDoing('nothing');
  };
  const showPlan = async (): Promise<void> => {
    setPlan(undefined);
    const answer = await client.get<{ plan: PlanJson }>(`${path}/plan${planQuery(options)}`);
    setPlan(answer.plan);
  };
  const submit = async (): Promise<void> => {
    // Sent again after a lost answer, it is the same job.
    jobId.current ??= newJobId();
    const body = runBody(options, jobId.current);
    const answer = await client.send<{ jobid: string }>('POST', `${path}/run`, body);
    jobId.current = undefined;
    store.refresh('/jobs');
    goTo(`/jobs/${answer.jobid}`);
  };
  return (
    <section class="panel" aria-label={`Run ${program.name}`}>
      <div class="panel-head">
        <h2>Run {program.name}</h2>
      </div>
      <form
        class="panel-body run-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (fault === undefined) void attempt('running', submit);
        }}
      >
        <OptionFields program={program} options={options} onChange={setOptions} />
        {fault !== undefined && <Notice tone="bad">{fault}</Notice>}
        {message !== undefined && <Notice tone="bad">{message}</Notice>}
        <RunButtons
          doing={doing}
          isReady={doing === 'nothing' && fault === undefined}
          onPlan={() => void attempt('planning', showPlan)}
        />
      </form>
      {plan !== undefined && <PlanGraph plan={plan} />}
    </section>
  );
}

function RunButtons(props: {
  readonly doing: Doing;
  readonly isReady: boolean;
  readonly onPlan: () => void;
}): JSX.Element {
  const { doing, isReady, onPlan } = props;
  return (
    <div class="run-buttons">
      <button type="submit" class="button" data-kind="primary" disabled={!isReady}>
        Submit the job
      </button>
      <button type="button" class="button" disabled={!isReady} onClick={onPlan}>
        Show the plan
      </button>
      <span role="status" class="muted">
        {doing === 'planning' && 'The cluster plans the job…'}
        {doing === 'running' && 'The cluster starts the job…'}
      </span>
    </div>
  );
}
