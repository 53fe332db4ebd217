/** A failure as Java prints one: message, frames, `Caused by:`. Pure. */
import type { StreamErrorRecord } from './errors.ts';

type Link = NonNullable<StreamErrorRecord['cause']>;

const FRAME = /^\s+at /;
/** What the engine makes of what a function of the user has thrown: no frame of it is theirs. */
const WRAPPED = 'USER_FUNCTION_FAILED';
/** Where the engine's sources are, when it is run from them. */
const SOURCES = '/runtime/';

/**
 * The trace of a failure. What user code has thrown is shown as far as the first frame of the
 * engine below it, whose frames are counted only.
 */
export function failureTrace(error: StreamErrorRecord): string {
  const isWrapped = error.code === WRAPPED && error.cause !== undefined;
  const engine = isWrapped ? engineOf(error) : undefined;
  const lines = [`${error.code}: ${error.message}`];
  if (!isWrapped) lines.push(...framesOf(error));
  for (let link = error.cause; link !== undefined; link = link.cause) {
    lines.push(`Caused by: ${headOf(link)}`, ...shownFrames(framesOf(link), engine));
  }
  return lines.join('\n');
}

/** The folder of the engine, by the frame that has made the error. */
function engineOf(error: StreamErrorRecord): string | undefined {
  const [frame = ''] = framesOf(error);
  const path = /((?:file:\/\/)?\/[^()]*):\d+:\d+\)?$/.exec(frame)?.[1];
  if (path === undefined) return undefined;
  const sources = path.lastIndexOf(`${SOURCES}operators/`);
  return path.slice(0, sources < 0 ? path.lastIndexOf('/') + 1 : sources + SOURCES.length);
}

function shownFrames(frames: readonly string[], engine: string | undefined): readonly string[] {
  const first = engine === undefined ? -1 : frames.findIndex((line) => line.includes(engine));
  // One that begins in the engine was thrown by it.
  if (first <= 0) return frames;
  return [...frames.slice(0, first), `    ... ${frames.length - first} more`];
}

function framesOf({ stack = '' }: Pick<Link, 'stack'>): readonly string[] {
  return stack.split('\n').filter((line) => FRAME.test(line));
}

function headOf(link: Link): string {
  if ('kind' in link) return `${link.code}: ${link.message}`;
  return link.message;
}
