/** The states of a window operator. */
import { WINDOW_STATE_PREFIX } from '../protocol/index.ts';

/** What windows hold. */
export const WINDOW_CONTENTS = `${WINDOW_STATE_PREFIX}contents`;
/** How far windows had fired, for each range of key groups. */
export const WINDOW_FIRED = `${WINDOW_STATE_PREFIX}fired`;
/** Windows that fired before a restore and must fire again. */
export const WINDOW_REFIRE = `${WINDOW_STATE_PREFIX}refire`;
/** Windows that others were merged into, and where what they hold is. */
export const WINDOW_MERGED = `${WINDOW_STATE_PREFIX}merged`;
/** Before the names of a trigger's states. */
export const TRIGGER_STATE_PREFIX = `${WINDOW_STATE_PREFIX}trigger/`;
/** Before the names of a window function's states of one window. */
export const PER_WINDOW_STATE_PREFIX = `${WINDOW_STATE_PREFIX}state/`;
