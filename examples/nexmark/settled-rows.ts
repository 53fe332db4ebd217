/** Queries that write a row a change; the last row of an id is the answer. */
const UPSERT_QUERIES: ReadonlySet<string> = new Set(['q4', 'q9']);

/** Result lines in an order that does not depend on the run; of upsert queries what is valid. */
export function settled(query: string, lines: readonly string[]): string[] {
  if (!UPSERT_QUERIES.has(query)) return lines.toSorted();
  const last = new Map<number, string>();
  for (const line of lines) last.set((JSON.parse(line) as { readonly id: number }).id, line);
  return [...last.values()].sort();
}
