/**
 * The body of a BARRIER frame, little endian; the directory is the frame's text.
 *
 *     0 f64 checkpoint id        24 u8 type       26 u8 mode
 *     8 f64 triggered at, ms     25 u8 full
 *    16 f64 unaligned after, ms
 */
import { assert, defined } from '../core/index.ts';
import type { CheckpointBarrier, CheckpointType } from '../protocol/index.ts';
import { FRAME_BARRIER, FRAME_HEADER_BYTES } from './frame.ts';

export const BARRIER_BODY_BYTES = 27;

/** By number; append only. */
const TYPES: readonly CheckpointType[] = [
  'CHECKPOINT',
  'SAVEPOINT',
  'SAVEPOINT_SUSPEND',
  'SAVEPOINT_TERMINATE',
  'CHECKPOINT_SUSPEND',
];
const MODES: readonly CheckpointBarrier['mode'][] = ['EXACTLY_ONCE', 'AT_LEAST_ONCE'];

/** Writes everything but the directory. */
export function writeBarrierBody(view: DataView, at: number, barrier: CheckpointBarrier): void {
  view.setFloat64(at, barrier.checkpointId, true);
  view.setFloat64(at + 8, barrier.triggeredAtEpochMs, true);
  view.setFloat64(at + 16, barrier.unalignedAfterMs, true);
  view.setUint8(at + 24, indexIn(TYPES, barrier.type));
  view.setUint8(at + 25, barrier.full ? 1 : 0);
  view.setUint8(at + 26, indexIn(MODES, barrier.mode));
}

/** The checkpoint of a whole frame; undefined: it is no barrier. */
export function barrierIdOf(frame: Uint8Array): number | undefined {
  if (frame[0] !== FRAME_BARRIER) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  return view.getFloat64(FRAME_HEADER_BYTES, true);
}

export function readBarrierBody(view: DataView, at: number, directory: string): CheckpointBarrier {
  return {
    checkpointId: view.getFloat64(at, true),
    triggeredAtEpochMs: view.getFloat64(at + 8, true),
    type: defined(TYPES[view.getUint8(at + 24)], 'a barrier has a known type'),
    full: view.getUint8(at + 25) === 1,
    mode: defined(MODES[view.getUint8(at + 26)], 'a barrier has a known mode'),
    unalignedAfterMs: view.getFloat64(at + 16, true),
    directory,
  };
}

function indexIn<T>(known: readonly T[], value: T): number {
  const index = known.indexOf(value);
  assert(index >= 0, `a barrier holds known values only: value=${String(value)}`);
  return index;
}
