import { mock } from 'node:test';

/** Whatever a function writes meanwhile, and the test runner. */
export async function writtenTexts(work: () => unknown): Promise<readonly string[]> {
  const texts: string[] = [];
  const take = (text: unknown): boolean => texts.push(String(text)) > 0;
  const streams = [process.stdout, process.stderr].map((s) => mock.method(s, 'write', take));
  try {
    await work();
  } finally {
    for (const stream of streams) stream.mock.restore();
  }
  return texts;
}

/** Lines of JSON that a function writes meanwhile, parsed. */
export async function writtenLines(
  work: () => unknown,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return (await writtenTexts(work))
    .filter((text) => text.startsWith('{'))
    .map((text) => JSON.parse(text) as object) as [];
}
