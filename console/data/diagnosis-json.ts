/** `GET /jobs/:jobid/diagnosis`. */
export interface DiagnosisJson {
  readonly timestamp: number;
  readonly state: string;
  readonly verdict: VerdictJson;
  readonly summary: string;
  readonly sinks: readonly DiagnosedSinkJson[];
  /** The likeliest cause first. */
  readonly findings: readonly FindingJson[];
}

export type VerdictJson = 'healthy' | 'waiting' | 'impaired' | 'blocked' | 'starting' | 'ended';

export interface DiagnosedSinkJson {
  readonly operator: string;
  readonly 'vertex-id': string;
  readonly guarantee: string;
  /** Null: not known. */
  readonly records: number | null;
  readonly 'records-per-second': number | null;
  readonly 'commits-with-checkpoints': boolean;
}

export interface FindingJson {
  readonly code: string;
  readonly severity: 'error' | 'warning' | 'info';
  readonly sentence: string;
  readonly advice: string;
  readonly evidence: Readonly<Record<string, number | string | boolean>>;
  readonly 'vertex-id': string | null;
  readonly 'vertex-name': string | null;
  readonly operator: string | null;
  readonly subtask: number | null;
  readonly input: {
    readonly index: number;
    readonly 'from-vertex-id': string;
    readonly 'from-vertex-name': string;
    readonly 'from-subtask': number | null;
    readonly split: string | null;
  } | null;
}
