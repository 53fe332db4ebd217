/** `GET /jobs/:jobid/diagnosis`: not one of Flink's; its words are. Pure. */
import type { Diagnosis, Finding, SinkReport } from '../../jobmaster/index.ts';

export function diagnosisJson(diagnosis: Diagnosis): object {
  const { atEpochMs, status, verdict, summary, sinks, findings } = diagnosis;
  return {
    timestamp: atEpochMs,
    // As of the other routes.
    state: status === 'HIBERNATED' ? 'SUSPENDED' : status,
    ...{ verdict, summary },
    sinks: sinks.map(sinkJson),
    findings: findings.map(findingJson),
  };
}

function sinkJson(sink: SinkReport): object {
  const { operator, vertexId, guarantee, numRecords, numRecordsPerSecond } = sink;
  return {
    ...{ operator, 'vertex-id': vertexId, guarantee },
    records: numRecords ?? null,
    'records-per-second':
      numRecordsPerSecond === undefined ? null : Math.round(numRecordsPerSecond * 10) / 10,
    'commits-with-checkpoints': sink.commitsWithCheckpoints,
  };
}

function findingJson(finding: Finding): object {
  const { code, severity, sentence, advice, evidence, vertexId, vertexName, input } = finding;
  return {
    ...{ code, severity, sentence, advice, evidence },
    'vertex-id': vertexId ?? null,
    'vertex-name': vertexName ?? null,
    operator: finding.operator ?? null,
    subtask: finding.subtaskIndex ?? null,
    input:
      input === undefined
        ? null
        : {
            index: input.inputIndex,
            'from-vertex-id': input.fromVertexId,
            'from-vertex-name': input.fromVertexName,
            'from-subtask': input.fromSubtask ?? null,
            split: input.splitId ?? null,
          },
  };
}
