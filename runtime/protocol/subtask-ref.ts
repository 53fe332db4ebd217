/** One subtask of one job vertex. */
export interface SubtaskRef {
  readonly vertexId: string;
  /** 0-based. */
  readonly subtaskIndex: number;
}
