/** Limits that the engine sets itself, and that whoever sends it something has to know. */

/**
 * Of a program on AWS. Larger ones take longer to load in every start of a slot than a checkpoint
 * interval.
 */
export const MAX_BUNDLE_BYTES = 20 * 1024 * 1024;

/** Invocations that a job on AWS needs beside its TaskManagers': a turn, a tick, settle, the API. */
export const OTHER_INVOCATIONS = 4;
