/** What a thread does, as people who know `jstack` read it. Pure. */
import type { ThreadDump } from '../http/index.ts';
import type { NamedThreadStack, ThreadStacks } from './process-inspector.ts';

/** Stacks that are shown of a thread, the most frequent first. */
const MAX_STACKS = 3;

/** @param account further lines: what the engine knows of it. */
export function threadDump(thread: ThreadStacks, account: readonly string[] = []): ThreadDump {
  const { name, threadId, stacks } = thread;
  const total = stacks.reduce((sum, { count }) => sum + count, 0);
  const working = stacks.filter(({ isWaiting }) => !isWaiting);
  const worked = working.reduce((sum, { count }) => sum + count, 0);
  const state = worked === 0 ? 'WAITING' : 'RUNNABLE';
  const shown = (worked === 0 ? stacks : working)
    .toSorted((a, b) => b.count - a.count)
    .slice(0, MAX_STACKS);
  const lines = [
    `"${name}" Id=${threadId} ${state} on CPU in ${worked} of ${total} samples`,
    ...account.map((line) => `    ${line}`),
    ...shown.flatMap((stack) => stackLines(stack, total)),
  ];
  return { name, text: `${lines.join('\n')}\n\n` };
}

/** Innermost frame first, as Java prints them. */
function stackLines({ names, count }: NamedThreadStack, total: number): string[] {
  const share = `    in ${count} of ${total} samples:`;
  return [share, ...names.toReversed().map((name) => `\tat ${name}`)];
}
