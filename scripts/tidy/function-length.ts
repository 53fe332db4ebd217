import type { Finding } from './finding.ts';
import { isTestFile } from './imports.ts';
import { lineAt, type SourceText } from './source-text.ts';

/** Longest function, in lines from its opening to its closing brace. */
export const MAX_FUNCTION_LINES = 70;

const NOT_A_FUNCTION = /(^|[\s;{}()])(if|for|while|switch|catch|with)\s*(await\s*)?\($/;
const SUITE = /\b(describe|suite)\s*\([^()]*$/;
const REGISTERS_SUITE = /\b(describe|suite)\s*\(/;

/**
 * Finds functions that are too long by matching braces: a block is a function's when `=>` or a
 * closing parenthesis (with or without a return type) stands before it. Test suites, and
 * functions that register them, do not count.
 */
export function checkFunctionLength({ path, code }: SourceText): Finding[] {
  const findings: Finding[] = [];
  const open: number[] = [];
  for (let at = 0; at < code.length; at++) {
    if (code[at] === '{') open.push(at);
    if (code[at] !== '}') continue;
    const start = open.pop();
    if (start === undefined) continue;
    const lines = lineAt(code, at) - lineAt(code, start) + 1;
    if (lines <= MAX_FUNCTION_LINES || !isFunctionBody(code, start)) continue;
    if (isTestFile(path) && REGISTERS_SUITE.test(code.slice(start, at))) continue;
    const message = `a function of ${lines} lines; at most ${MAX_FUNCTION_LINES}: split it`;
    findings.push({ path, line: lineAt(code, start), rule: 'function-length', message });
  }
  return findings;
}

function isFunctionBody(code: string, brace: number): boolean {
  const before = code.slice(0, brace).trimEnd();
  if (before.endsWith('=>')) return !isSuite(before.slice(0, -2));
  const close = closingParenthesis(before);
  if (close === undefined) return false;
  const open = matchingOpen(before, close);
  return open !== undefined && !NOT_A_FUNCTION.test(before.slice(0, open + 1));
}

/** The parenthesis that ends the parameters: the last thing, or followed by a return type. */
function closingParenthesis(before: string): number | undefined {
  if (before.endsWith(')')) return before.length - 1;
  const match = /\)\s*:\s*[^;{}()=]+$/.exec(before.slice(-300));
  return match === null ? undefined : before.length - match[0].length;
}

function matchingOpen(text: string, close: number): number | undefined {
  let depth = 0;
  for (let at = close; at >= 0; at--) {
    if (text[at] === ')') depth += 1;
    if (text[at] === '(') depth -= 1;
    if (depth === 0) return at;
  }
  return undefined;
}

/** True when the arrow function is the argument of `describe('…', `. */
function isSuite(beforeArrow: string): boolean {
  const text = beforeArrow.trimEnd();
  if (!text.endsWith(')')) return false;
  const parameters = matchingOpen(text, text.length - 1);
  if (parameters === undefined) return false;
  const call = text.slice(0, parameters).replace(/async\s*$/, '');
  return SUITE.test(call);
}
