/**
 * Event time is signed 64-bit milliseconds held in a double: exact to ±2^53, and these
 * sentinels stand for Long.MIN_VALUE and Long.MAX_VALUE. Adding a small number to a sentinel
 * leaves it unchanged, so no arithmetic here can overflow.
 */
export const MIN_TIMESTAMP_MS = -(2 ** 63);
export const MAX_TIMESTAMP_MS = 2 ** 63;

/** The watermark that says no more records come. */
export const MAX_WATERMARK_MS = MAX_TIMESTAMP_MS;

/** The timestamp of a record that has none. */
export const NO_TIMESTAMP_MS = MIN_TIMESTAMP_MS;
