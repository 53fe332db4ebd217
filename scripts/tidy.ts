/** `node scripts/tidy.ts`: checks what style.md asks of a program and a program can check. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY_ROOT, sourceFiles } from './source-files.ts';
import type { Finding } from './tidy/finding.ts';
import { checkFunctionLength } from './tidy/function-length.ts';
import { checkImports, folderCycle } from './tidy/imports.ts';
import { TEXT_RULES } from './tidy/rules.ts';
import { type SourceText, sourceText } from './tidy/source-text.ts';

/** Everything to put in order in the given files, by path and line. */
export function tidySources(sources: readonly SourceText[]): Finding[] {
  const rules = [...TEXT_RULES, checkFunctionLength, checkImports];
  const findings = sources.flatMap((source) => rules.flatMap((rule) => rule(source)));
  const cycle = folderCycle(sources);
  if (cycle !== undefined) {
    const [path = ''] = cycle.split(' ');
    findings.push({
      path,
      line: 1,
      rule: 'cycle',
      message: `folders import in a circle: ${cycle}`,
    });
  }
  return findings.sort((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1));
}

/** As {@link tidySources}, of all source files below `root`. */
export function tidyTree(root: string): Finding[] {
  return tidySources(
    sourceFiles(root).map((path) => sourceText(path, readFileSync(join(root, path), 'utf8'))),
  );
}

/** `path:line rule message`. */
export function findingText({ path, line, rule, message }: Finding): string {
  return `${path}:${line} ${rule}: ${message}`;
}

if (import.meta.main) {
  const findings = tidyTree(REPOSITORY_ROOT);
  for (const finding of findings) process.stdout.write(`${findingText(finding)}\n`);
  process.exitCode = findings.length === 0 ? 0 : 1;
}
