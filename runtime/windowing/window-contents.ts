/** The states of a window operator. */
import { WINDOW_STATE_PREFIX } from '../protocol/index.ts';

/** What windows hold. */
export const WINDOW_CONTENTS = `${WINDOW_STATE_PREFIX}contents`;
/** How far windows had fired, for each range of key groups. */
export const WINDOW_FIRED = `${WINDOW_STATE_PREFIX}fired`;
/** Windows that fired before a restore and must fire again. */
export const WINDOW_REFIRE = `${WINDOW_STATE_PREFIX}refire`;
