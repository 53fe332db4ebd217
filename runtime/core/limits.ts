/** Limits that the engine sets itself, and that whoever sends it something has to know. */

/**
 * Of a program on AWS. Larger ones take longer to load in every start of a slot than a checkpoint
 * interval.
 */
export const MAX_BUNDLE_BYTES = 20 * 1024 * 1024;

/** Invocations that a job on AWS needs beside its TaskManagers': a turn, a tick, settle, the API. */
export const OTHER_INVOCATIONS = 4;

/** Under which a bundle exports the name of its job's file: how the job is called without another. */
export const JOB_NAME_EXPORT = '__sluiceJobName';
