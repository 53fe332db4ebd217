import type { JSX } from 'preact';
import {
  type DiagnosedSinkJson,
  type DiagnosisJson,
  type FindingJson,
  useConsole,
  useNow,
  usePolled,
  type VerdictJson,
} from '../../data/index.ts';
import {
  Answer,
  agoText,
  type Column,
  countText,
  DataTable,
  durationText,
  Icon,
  type IconName,
  rateText,
  type Tone,
  timeText,
  watermarkText,
} from '../../ui/index.ts';
import type { JobTab, JobTabProps } from '../page.ts';

const VERDICTS: Readonly<Record<VerdictJson, readonly [Tone, IconName, string]>> = {
  healthy: ['good', 'state-done', 'Output comes'],
  waiting: ['info', 'state-waiting', 'It takes its time'],
  impaired: ['warn', 'state-changing', 'Something keeps output back'],
  blocked: ['bad', 'state-failed', 'No output'],
  starting: ['info', 'state-changing', 'Starting'],
  ended: ['quiet', 'state-canceled', 'Ended'],
};
const SEVERITIES: Readonly<Record<FindingJson['severity'], readonly [Tone, string]>> = {
  error: ['bad', 'Keeps output back'],
  warning: ['warn', 'Keeps a part back'],
  info: ['info', 'Passes by itself'],
};

const RARELY_MS = 300_000;

/** One answer to the question why nothing, or too little, comes out of the job. */
function WhyTab({ job }: JobTabProps): JSX.Element {
  const path = `/jobs/${job.jid}/diagnosis`;
  const { store } = useConsole();
  // Of a job that has ended the answer stays.
  const isEnded = store.peek<DiagnosisJson>(path).value?.verdict === 'ended';
  const polled = usePolled<DiagnosisJson>(path, isEnded ? RARELY_MS : undefined);
  return (
    <Answer polled={polled} what="diagnosis">
      {(diagnosis) => <ShownDiagnosis jobId={job.jid} path={path} diagnosis={diagnosis} />}
    </Answer>
  );
}

function ShownDiagnosis(props: {
  readonly jobId: string;
  readonly path: string;
  readonly diagnosis: DiagnosisJson;
}): JSX.Element {
  const { jobId, path, diagnosis } = props;
  const { verdict, summary, findings, sinks } = diagnosis;
  const [tone, icon, title] = VERDICTS[verdict];
  return (
    <>
      <section class="verdict" data-tone={tone} aria-label="Answer">
        <Icon name={icon} />
        <div>
          <h2>{title}</h2>
          <p role="status">{summary}</p>
          <p class="hint">
            <SeenLine path={path} diagnosis={diagnosis} />
          </p>
        </div>
      </section>
      {findings.length > 0 && (
        <ol class="findings" aria-label="Causes, the likeliest first">
          {findings.map((finding) => (
            <FindingItem
              key={keyOf(finding)}
              jobId={jobId}
              finding={finding}
              isSaid={isSame(finding.sentence, summary)}
            />
          ))}
        </ol>
      )}
      {sinks.length > 0 && <SinkPanel jobId={jobId} sinks={sinks} />}
    </>
  );
}

function SeenLine(props: {
  readonly path: string;
  readonly diagnosis: DiagnosisJson;
}): JSX.Element {
  const { verdict, timestamp } = props.diagnosis;
  const { store } = useConsole();
  const nowEpochMs = useNow();
  if (verdict === 'ended') return <>It has ended: this does not change any more.</>;
  const look = (): void => store.refresh(props.path);
  return (
    <>
      Seen {agoText(timestamp, nowEpochMs)}, and looked at again while this page is open.{' '}
      <button type="button" class="button" data-kind="link" onClick={look}>
        Look now
      </button>
    </>
  );
}

function isSame(sentence: string, summary: string): boolean {
  return sentence.toLowerCase() === summary.toLowerCase();
}

function keyOf(finding: FindingJson): string {
  return [finding.code, finding['vertex-id'], finding.operator, finding.subtask].join(' ');
}

function FindingItem(props: {
  readonly jobId: string;
  readonly finding: FindingJson;
  /** It is the answer above. */
  readonly isSaid: boolean;
}): JSX.Element {
  const { jobId, finding, isSaid } = props;
  const [tone, word] = SEVERITIES[finding.severity];
  const evidence = Object.entries(finding.evidence);
  return (
    <li class="panel finding" data-tone={tone}>
      <div class="finding-head">
        <span class="badge" data-tone={tone}>
          {word}
        </span>
        <code>{finding.code}</code>
      </div>
      {!isSaid && <p class="finding-sentence">{finding.sentence}</p>}
      <p>
        <strong>What to do:</strong> {finding.advice}
      </p>
      <WhereLine jobId={jobId} finding={finding} />
      {evidence.length > 0 && (
        <details>
          <summary>The numbers it rests on</summary>
          <dl class="evidence">
            {evidence.map(([name, value]) => (
              <div key={name}>
                <dt>{labelOf(name)}</dt>
                <dd>{valueText(name, value)}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </li>
  );
}

function WhereLine(props: {
  readonly jobId: string;
  readonly finding: FindingJson;
}): JSX.Element | null {
  const { jobId, finding } = props;
  const { input, subtask, operator } = finding;
  const vertexId = finding['vertex-id'];
  if (vertexId === null) return null;
  const name = finding['vertex-name'] ?? vertexId.slice(0, 8);
  return (
    <p class="finding-where">
      <strong>Where:</strong> <VertexLink jobId={jobId} vertexId={vertexId} name={name} />
      {subtask !== null && <> · subtask {subtask}</>}
      {operator !== null && operator !== name && <> · {operator}</>}
      {input !== null && input['from-vertex-id'] !== vertexId && (
        <>
          {' '}
          · input {input.index + 1} from{' '}
          <VertexLink
            jobId={jobId}
            vertexId={input['from-vertex-id']}
            name={input['from-vertex-name']}
          />
        </>
      )}
      {input !== null && input.split !== null && (
        <>
          {' '}
          · split <code>{input.split}</code>
        </>
      )}
    </p>
  );
}

function VertexLink(props: {
  readonly jobId: string;
  readonly vertexId: string;
  readonly name: string;
}): JSX.Element {
  return <a href={`#/jobs/${props.jobId}/overview/${props.vertexId}`}>{props.name}</a>;
}

/** `numRecordsIn` as `num records in`; units are said by the value. */
function labelOf(name: string): string {
  const words = name.replace(/Ms$/, '').replaceAll(/([a-z])([A-Z])/g, '$1 $2');
  return words.toLowerCase();
}

/** Event times and moments; other numbers of milliseconds are spans. */
const TIMES: readonly string[] = ['watermarkMs', 'untilMs', 'aheadMs', 'highestMs', 'lowestMs'];
const SHARES: readonly string[] = ['share', 'backPressured', 'busy', 'shareOfRecords'];

function valueText(name: string, value: number | string | boolean): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return value;
  if (TIMES.includes(name)) return watermarkText(value);
  if (name.endsWith('AtEpochMs')) return timeText(value);
  if (name.endsWith('Ms')) return durationText(value);
  if (SHARES.includes(name)) return `${Math.floor(value * 1000) / 10} %`;
  return Number.isInteger(value) ? countText(value) : String(value);
}

function SinkPanel(props: {
  readonly jobId: string;
  readonly sinks: readonly DiagnosedSinkJson[];
}): JSX.Element {
  const columns: readonly Column<DiagnosedSinkJson>[] = [
    {
      id: 'sink',
      label: 'Sink',
      isWide: true,
      cell: (sink) => (
        <VertexLink jobId={props.jobId} vertexId={sink['vertex-id']} name={sink.operator} />
      ),
    },
    {
      id: 'records',
      label: 'Records',
      isNumber: true,
      cell: ({ records }) => countText(records ?? undefined),
    },
    {
      id: 'rate',
      label: 'Rate now',
      isNumber: true,
      cell: (sink) => rateText(sink['records-per-second'] ?? undefined),
    },
    {
      id: 'seen',
      label: 'Seen by others',
      isWide: true,
      cell: (sink) =>
        sink['commits-with-checkpoints'] ? 'when a checkpoint completes' : 'as it is written',
    },
    { id: 'guarantee', label: 'Guarantee', cell: ({ guarantee }) => <code>{guarantee}</code> },
  ];
  return (
    <section class="panel">
      <div class="panel-head">
        <h2>What the sinks got</h2>
      </div>
      <DataTable
        caption="Sinks"
        columns={columns}
        rows={props.sinks}
        keyOf={(sink) => `${sink['vertex-id']} ${sink.operator}`}
      />
    </section>
  );
}

export const WHY_TAB: JobTab = { id: 'why', label: 'Why no output?', Component: WhyTab };
