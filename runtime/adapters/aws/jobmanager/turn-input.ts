/** What a turn is taken with: the messages of a job, as its master hears them. Pure. */
import type { TurnMessage, TurnRecord } from '../../../jobmaster/index.ts';
import type { CoordinatorMessage } from '../messages.ts';
import { roundEnded, turnMessageOf } from './coordinator-message.ts';

export interface TurnInput {
  readonly before: TurnRecord;
  readonly messages: readonly TurnMessage[];
}

/** Whether an earlier turn has carried it out. */
export function heardBefore({ heard }: TurnRecord, message: CoordinatorMessage): boolean {
  if (message.type === 'next') return heard.includes(`${message.execution}#${message.rounds}`);
  return message.type === 'request' && heard.includes(message.requestId);
}

/**
 * - A tick that has come is over, even if it has come too early: the next is asked for anew.
 * - Who asks for the next step has nothing that runs: what seems to is lost without a word.
 */
export function turnMessagesOf(
  before: TurnRecord,
  messages: readonly CoordinatorMessage[],
  taskSlots: number,
): TurnInput {
  const { tickAtEpochMs, ...rest } = before;
  const isTickOver =
    tickAtEpochMs !== undefined &&
    messages.some(({ type, ...m }) => type === 'tick' && timeOf(m) >= tickAtEpochMs);
  return {
    before: isTickOver ? rest : before,
    messages: messages.flatMap((message) => [
      ...(message.type === 'next' && !heardBefore(before, message) ? silentLosses(before) : []),
      turnMessageOf(message, taskSlots),
    ]),
  };
}

function timeOf(message: object): number {
  return 'atEpochMs' in message ? Number(message.atEpochMs) : 0;
}

/** Of slots that are gone already nothing is heard. */
function silentLosses({ asleep, slots }: TurnRecord): readonly TurnMessage[] {
  if (slots?.waiting !== undefined) return [];
  return (asleep?.regions ?? [])
    .filter(({ isLaunched }) => isLaunched)
    .map(({ attempt, slotIndexes }) => {
      return { type: 'lost', attempt, slotIndexes, error: roundEnded(attempt) };
    });
}
