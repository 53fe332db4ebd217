/** What `keyBy` takes: pure, deterministic, never undefined. */
export type KeySelector<T, K> = (value: T) => K;
