import type { JSX } from 'preact';
import { type MetricJson, usePolled } from '../../data/index.ts';
import { Answer, countText, EmptyState, percentText, sizeText } from '../../ui/index.ts';

interface Shown {
  readonly label: string;
  readonly used: string;
  /** Absent: there is no limit. */
  readonly max?: string;
}

const MEMORY: readonly Shown[] = [
  {
    label: 'Heap',
    used: 'Status.JVM.Memory.Heap.Used',
    max: 'Status.JVM.Memory.Heap.Max',
  },
  { label: 'Outside of the heap', used: 'Status.JVM.Memory.NonHeap.Used' },
  { label: 'Buffers', used: 'Status.JVM.Memory.Direct.MemoryUsed' },
  {
    label: 'Network buffers',
    used: 'Status.Shuffle.Netty.UsedMemory',
    max: 'Status.Shuffle.Netty.TotalMemory',
  },
  { label: 'Resident', used: 'Status.ProcessMemory.Resident' },
];
const CPU_LOAD = 'Status.JVM.CPU.Load';
const THREADS = 'Status.JVM.Threads.Count';
const NAMES = [
  ...MEMORY.flatMap(({ used, max }) => (max === undefined ? [used] : [used, max])),
  CPU_LOAD,
  THREADS,
];

/** Memory, processor and threads of a process, as far as they are measured. */
export function ProcessMetrics({ root }: { readonly root: string }): JSX.Element {
  const metrics = usePolled<readonly MetricJson[]>(`${root}/metrics?get=${NAMES.join(',')}`);
  return (
    <section class="panel" aria-label="Memory and processor">
      <div class="panel-head">
        <h2>Memory and processor</h2>
      </div>
      <Answer polled={metrics} what="metrics">
        {(values) => {
          const of = new Map(values.map(({ id, value }) => [id, Number(value)]));
          if (of.size === 0) return <NothingMeasured />;
          return (
            <div class="meters">
              {MEMORY.filter(({ used }) => of.has(used)).map(({ label, used, max }) => (
                <Meter
                  key={label}
                  label={label}
                  usedBytes={of.get(used) ?? 0}
                  maxBytes={max === undefined ? 0 : (of.get(max) ?? 0)}
                />
              ))}
              <dl class="facts">
                <div>
                  <dt>Processor</dt>
                  <dd>{percentText(of.get(CPU_LOAD))}</dd>
                </div>
                <div>
                  <dt>Threads</dt>
                  <dd>{countText(of.get(THREADS))}</dd>
                </div>
              </dl>
            </div>
          );
        }}
      </Answer>
    </section>
  );
}

/** Either not yet, or never: the answer is the same. */
function NothingMeasured(): JSX.Element {
  return (
    <EmptyState title="Nothing is measured of this process">
      <p>
        A process of a local cluster is measured every few seconds. A function of a deployed one is
        not: how much memory it used stands in its log in CloudWatch.
      </p>
    </EmptyState>
  );
}

function Meter(props: {
  readonly label: string;
  readonly usedBytes: number;
  /** 0 or less: there is no limit. */
  readonly maxBytes: number;
}): JSX.Element {
  const { label, usedBytes, maxBytes } = props;
  return (
    <div class="meter">
      <span>{label}</span>
      {maxBytes > 0 ? (
        <meter aria-label={label} value={usedBytes} max={maxBytes} high={0.9 * maxBytes} />
      ) : (
        <span />
      )}
      <span>
        {sizeText(usedBytes)}
        {maxBytes > 0 && ` of ${sizeText(maxBytes)}`}
      </span>
    </div>
  );
}
