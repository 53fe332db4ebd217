import { basename } from 'node:path';
import type { Finding } from './finding.ts';
import { isTestFile } from './imports.ts';
import { lineAt, type SourceText } from './source-text.ts';

const MAX_FILE_LINES = 500;
const HEADER_FROM_LINES = 300;
const MAX_LINE_CHARS = 100;

/** Globals that would make the engine nondeterministic, and what stands in for them. */
const BANNED_IN_ENGINE: readonly (readonly [pattern: RegExp, name: string, instead: string])[] = [
  [/\bDate\.now\b|\bnew\s+Date\s*(\(\s*\)|(?![\s(\w.]))|(?<!new\s+)\bDate\(/g, 'Date', 'Clock'],
  [/\bMath\.random\b/g, 'Math.random', 'Rng'],
  [/\brandomUUID\b|\bgetRandomValues\b/g, 'randomUUID', 'Rng'],
  [/(?<![.#\w])set(Timeout|Interval|Immediate)\b/g, 'setTimeout', 'Timers'],
  [/(?<![.#\w])(globalThis\.)?performance\./g, 'performance', 'Clock.monotonicMs'],
  [/(?<![.#\w])(globalThis\.)?console\./g, 'console', 'Logger'],
  [/(?<![.#\w])(globalThis\.)?process\s*[.[]/g, 'process', 'a port or a setting'],
  [/(?<![.#\w])(?<!function\s+)fetch\s*\((?!(?:[^()]|\([^()]*\))*\)\s*[:{])/g, 'fetch', 'a port'],
];
const DURATION_NAME = /^(timeout|delay|interval|duration|age|period|latency)$/;
const SIZE_NAME = /^(size)$/;
const LICENCE_BANNER = /\b(copyright|licensed under|SPDX-License)\b/i;
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+(-[a-z]+)*)*\.(tsx?|mjs)$/;
const VAGUE_NAME = /^(utils?|helpers?|common|manager|misc)\.|-(utils?|helpers?|manager)\./;

type Rule = (source: SourceText) => Finding[];

/** The rules about one file's own text. */
export const TEXT_RULES: readonly Rule[] = [
  checkFileName,
  checkLength,
  checkEngineGlobals,
  checkEnvironment,
  checkExports,
  checkUnits,
  checkTests,
  checkComments,
];

function checkFileName({ path }: SourceText): Finding[] {
  const name = basename(path);
  const findings: Finding[] = [];
  const add = (message: string) => findings.push({ path, line: 1, rule: 'file-name', message });
  if (!KEBAB_CASE.test(name)) add('file names are kebab-case');
  if (VAGUE_NAME.test(name))
    add('name the file for what it exports, not utils, helpers or manager');
  return findings;
}

function checkLength({ path, text, comments }: SourceText): Finding[] {
  const lines = text.replace(/\n$/, '').split('\n');
  const findings: Finding[] = [];
  if (lines.length > MAX_FILE_LINES) {
    const message = `${lines.length} lines; at most ${MAX_FILE_LINES}: split it by question`;
    findings.push({ path, line: MAX_FILE_LINES + 1, rule: 'file-length', message });
  }
  const head = comments.trimStart();
  const hasHeader = text.trimStart().startsWith('/*') || head.startsWith('/**');
  if (lines.length > HEADER_FROM_LINES && !isTestFile(path) && !hasHeader) {
    const message = `over ${HEADER_FROM_LINES} lines: needs a header that says what it owns`;
    findings.push({ path, line: 1, rule: 'header', message });
  }
  for (const [index, line] of lines.entries()) {
    if ([...line].length <= MAX_LINE_CHARS || isUnbreakable(line)) continue;
    const message = `${[...line].length} characters; at most ${MAX_LINE_CHARS}`;
    findings.push({ path, line: index + 1, rule: 'line-length', message });
  }
  return findings;
}

/** One long string, pattern or address cannot be broken without hiding what it says. */
function isUnbreakable(line: string): boolean {
  return /^[\s\w:.[({=>?|!-]*(['"`/].*['"`/][a-z]*[\s,;)\]}]*)$/.test(line) || /https?:/.test(line);
}

function checkEngineGlobals({ path, code }: SourceText): Finding[] {
  if (!path.startsWith('runtime/') || path.startsWith('runtime/adapters/') || isTestFile(path)) {
    return [];
  }
  return BANNED_IN_ENGINE.flatMap(([pattern, name, instead]) =>
    matches(
      path,
      code,
      pattern,
      'banned-global',
      `${name} is banned in the engine: use ${instead}`,
    ),
  );
}

function checkEnvironment({ path, code }: SourceText): Finding[] {
  if (/^(functions|cdk|scripts|integration)\//.test(path)) return [];
  const message = 'process.env only in functions/, cdk/ and scripts/';
  return matches(path, code, /\bprocess\.env\b/g, 'environment', message);
}

function checkExports({ path, code }: SourceText): Finding[] {
  const findings = matches(path, code, /\bexport\s+\*/g, 'exports', 'name what you export');
  if (isJobModule(path)) return findings;
  const message =
    'default exports only in job modules: job.ts of examples, programs of integration';
  return [...findings, ...matches(path, code, /\bexport\s+default\b/g, 'exports', message)];
}

function isJobModule(path: string): boolean {
  return /^(examples\/(.*\/)?job\.ts$|integration\/(.*\/)?programs\/)/.test(path);
}

function checkUnits({ path, code }: SourceText): Finding[] {
  const findings: Finding[] = [];
  for (const match of code.matchAll(/\b([A-Za-z_]\w*)\??\s*:\s*number\b(?!\s*(\||\[))/g)) {
    const name = match[1] ?? '';
    const words = name.split(/(?=[A-Z])|_/).map((word) => word.toLowerCase());
    const last = words.at(-1) ?? '';
    // A bare `size` is JavaScript's word for the number of entries of a collection.
    const isSize = SIZE_NAME.test(last) && words.length > 1;
    if (!DURATION_NAME.test(last) && !isSize) continue;
    const suffix = isSize ? 'Bytes or Count' : 'Ms';
    const message = `'${name}: number' has no unit: end it in ${suffix}`;
    findings.push({ path, line: lineAt(code, match.index), rule: 'units', message });
  }
  return findings;
}

function checkTests({ path, code }: SourceText): Finding[] {
  const pattern = /\b(it|test|describe|suite)\s*\.\s*(only|skip|todo)\b|\{\s*(skip|only|todo)\s*:/g;
  return isTestFile(path)
    ? matches(path, code, pattern, 'tests', 'no test is skipped, and none runs alone')
    : [];
}

function checkComments({ path, text, comments, code, codeAndStrings }: SourceText): Finding[] {
  const todo = matches(path, comments, /\bTODO\b(?!\s*\(#\d+\))/g, 'todo', 'write TODO(#issue)');
  const banner =
    LICENCE_BANNER.test(text.slice(0, 400)) && LICENCE_BANNER.test(comments.slice(0, 400));
  const findings = [...todo];
  if (banner) findings.push({ path, line: 1, rule: 'header', message: 'no licence banners' });
  // An invariant that an assertion cites is written down in the header of its file.
  for (const match of codeAndStrings.matchAll(/\bassert\([^;]*?['"`](I\d+): /g)) {
    if (code[match.index] !== 'a' || new RegExp(`\\b${match[1]}\\b`).test(comments)) continue;
    const line = lineAt(codeAndStrings, match.index);
    const message = `${match[1]} is cited, but no comment of this file says what it is`;
    findings.push({ path, line, rule: 'header', message });
  }
  return findings;
}

function matches(
  path: string,
  text: string,
  pattern: RegExp,
  rule: string,
  message: string,
): Finding[] {
  return [...text.matchAll(pattern)].map(({ index }) => ({
    path,
    line: lineAt(text, index),
    rule,
    message,
  }));
}
