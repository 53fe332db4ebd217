import { mock } from 'node:test';

/** Lines of JSON that a function writes meanwhile, parsed. */
export async function writtenLines(
  work: () => unknown,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const texts: string[] = [];
  const take = (text: unknown): boolean => texts.push(String(text)) > 0;
  const streams = [process.stdout, process.stderr].map((s) => mock.method(s, 'write', take));
  try {
    await work();
  } finally {
    for (const stream of streams) stream.mock.restore();
  }
  return texts
    .filter((text) => text.startsWith('{'))
    .map((text) => JSON.parse(text) as object) as [];
}
