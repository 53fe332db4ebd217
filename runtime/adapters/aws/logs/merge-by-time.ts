interface Timed {
  readonly timestampEpochMs: number;
}

interface Head<T> {
  readonly pages: AsyncIterator<readonly T[]>;
  page: readonly T[];
  next: number;
}

/**
 * Merges sequences that are in the order of time. A page of each is held; empty pages are passed
 * over. Of the same time, those of an earlier sequence come first.
 */
export async function* mergeByTime<T extends Timed>(
  sequences: readonly AsyncIterable<readonly T[]>[],
): AsyncGenerator<T> {
  const heads = sequences.map(
    (sequence): Head<T> => ({ pages: sequence[Symbol.asyncIterator](), page: [], next: 0 }),
  );
  const filled = await Promise.all(heads.map(fill));
  let open = heads.filter((_, i) => filled[i]);
  while (open.length > 0) {
    const first = open.reduce((least, head) => (timeOf(head) < timeOf(least) ? head : least));
    const item = first.page[first.next];
    first.next += 1;
    if (item !== undefined) yield item;
    if (!(await fill(first))) open = open.filter((head) => head !== first);
  }
}

function timeOf<T extends Timed>({ page, next }: Head<T>): number {
  return page[next]?.timestampEpochMs ?? Number.POSITIVE_INFINITY;
}

/** False: there is no more. */
async function fill<T>(head: Head<T>): Promise<boolean> {
  while (head.next >= head.page.length) {
    const { done, value } = await head.pages.next();
    if (done === true) return false;
    head.page = value;
    head.next = 0;
  }
  return true;
}
