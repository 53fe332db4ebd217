import type { JobRecord } from '../../../checkpoint/index.ts';
import { isStreamError, toStreamError } from '../../../core/index.ts';
import type { StreamGraph } from '../../../graph/index.ts';
import { planJobExecution, type TurnRecord } from '../../../jobmaster/index.ts';
import type { CoordinatorMessage } from '../messages.ts';
import type { PlanRecord } from './plan-record.ts';
import type { TaskManagerReservations } from './task-manager-reservations.ts';
import { type TurnEffects, taskManagersOf } from './turn-effects.ts';

export interface RescaleParts {
  readonly effects: TurnEffects;
  readonly reservations: TaskManagerReservations;
  /** Of a TaskManager. */
  readonly taskSlots: number;
}

/** The job, as far as that is about its size. */
export interface RescaledJob {
  readonly job: Pick<JobRecord, 'jobId'>;
  readonly graphOf: () => Promise<StreamGraph>;
  readonly planOf: () => Promise<PlanRecord | undefined>;
}

type Rescale = Extract<CoordinatorMessage, { readonly type: 'request' }>;

/**
 * Answers requests to rescale to more TaskManagers than may run: the attempt would wait for them
 * for ever. For the others it reserves what they need.
 *
 * @returns those it has answered.
 * @throws {StreamError} of the stores.
 */
export async function refuseRescales(
  { job, graphOf, planOf }: RescaledJob,
  before: TurnRecord,
  messages: readonly CoordinatorMessage[],
  { effects, reservations, taskSlots }: RescaleParts,
): Promise<readonly CoordinatorMessage[]> {
  const refused: CoordinatorMessage[] = [];
  if (before.asleep === undefined) return refused;
  const now = before.asleep.parallelism;
  for (const message of messages) {
    if (message.type !== 'request' || message.request.type !== 'rescale') continue;
    // Carried out in an earlier turn.
    if (before.heard.includes(message.requestId)) continue;
    const wanted = { ...now, ...message.request.parallelism };
    const taskManagers = taskManagersAt(await graphOf(), wanted, taskSlots);
    if (taskManagers === undefined) continue;
    try {
      const ofAccount = (await planOf())?.accountTaskManagers;
      await reservations.reserve(job.jobId, taskManagers, ofAccount);
    } catch (thrown) {
      if (!isStreamError(thrown) || thrown.code !== 'NO_RESOURCE_AVAILABLE') throw thrown;
      await refuse(job.jobId, message, thrown, effects);
      refused.push(message);
    }
  }
  return refused;
}

/** Undefined: the job cannot run so, which its master says better. */
function taskManagersAt(
  graph: StreamGraph,
  parallelism: Readonly<Record<string, number>>,
  taskSlots: number,
): number | undefined {
  try {
    const { slots } = planJobExecution(graph, parallelism, undefined).executionGraph;
    return taskManagersOf(
      slots.map(({ slotIndex }) => slotIndex),
      taskSlots,
    );
  } catch (thrown) {
    if (isStreamError(thrown)) return undefined;
    throw thrown;
  }
}

async function refuse(
  jobId: string,
  { requestId, taskToken }: Rescale,
  error: unknown,
  effects: TurnEffects,
): Promise<void> {
  const answer = { error: toStreamError(error).toJSON() };
  const token = taskToken === undefined ? {} : { taskToken };
  await effects.answer(jobId, { type: 'answer', requestId, ...token, answer });
}
