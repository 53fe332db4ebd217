import type { JobSnapshot, VertexSnapshot } from '../../runtime/jobmaster/index.ts';

/** A vertex of one idle subtask that has done nothing, but for what is given. */
export function vertexSnapshot(given: Partial<VertexSnapshot>): VertexSnapshot {
  return {
    id: 'v1',
    name: 'Source: flights -> Map',
    parallelism: 1,
    isSource: false,
    numRecordsIn: 0,
    numRecordsOut: 0,
    numBytesIn: 0,
    numBytesOut: 0,
    numRecordsFallback: 0,
    maxPendingBytes: 0,
    watermarkMs: undefined,
    busyTimeMs: 0,
    backPressuredTimeMs: 0,
    idleTimeMs: 0,
    progress: undefined,
    numLateRecordsDropped: 0,
    operatorMetrics: {},
    ...given,
  };
}

/** A source and a window, `elapsedMs` into the job; the source is at `share` of its input. */
export function flightsSnapshot(elapsedMs: number, share: number): JobSnapshot {
  const records = Math.round(231_083 * share);
  const source = vertexSnapshot({
    parallelism: 2,
    isSource: true,
    numRecordsIn: records,
    numRecordsOut: records,
    watermarkMs: Date.UTC(2001, 0, 3, 12),
    busyTimeMs: elapsedMs * 1.8,
    idleTimeMs: elapsedMs * 0.2,
    progress: share,
  });
  const window = vertexSnapshot({
    id: 'v2',
    name: 'Window(SlidingEventTimeWindows(3600000, 600000)) -> Sink: delays',
    parallelism: 2,
    numRecordsIn: records,
    numRecordsOut: Math.round(records / 50),
    watermarkMs: share > 0 ? Date.UTC(2001, 0, 3, 11, 50) : undefined,
    busyTimeMs: elapsedMs * 0.5,
    backPressuredTimeMs: elapsedMs * 1.2,
    idleTimeMs: elapsedMs * 0.3,
    numLateRecordsDropped: share > 0 ? 12 : 0,
  });
  return { status: 'RUNNING', elapsedMs, vertices: [source, window] };
}
