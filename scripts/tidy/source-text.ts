/** A source file, with what is not code told apart. Offsets and line breaks are those of the file. */
export interface SourceText {
  readonly path: string;
  readonly text: string;
  /** Comments, strings and regular expressions blanked; `${…}` in templates is code. */
  readonly code: string;
  /** Only comments blanked: for import specifiers. */
  readonly codeAndStrings: string;
  /** Only comments left. */
  readonly comments: string;
}

type Kind = 'code' | 'comment' | 'string';

/** Splits a TypeScript file into code, strings and comments with a small scanner. */
export function sourceText(path: string, text: string): SourceText {
  const kinds = scan(text);
  const only = (...wanted: readonly Kind[]): string => {
    let result = '';
    for (let at = 0; at < text.length; at++) {
      const char = text[at] ?? '';
      result += char === '\n' || wanted.includes(kinds[at] ?? 'code') ? char : ' ';
    }
    return result;
  };
  return {
    path,
    text,
    code: only('code'),
    codeAndStrings: only('code', 'string'),
    comments: only('comment'),
  };
}

/** 1-based line of an offset. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

function scan(text: string): Kind[] {
  const kinds: Kind[] = new Array(text.length).fill('code');
  // Depth of braces inside each open `${`; a `}` at depth 0 returns to its template.
  const templates: number[] = [];
  let at = 0;
  const skipTo = (end: number, kind: Kind): void => {
    kinds.fill(kind, at, end);
    at = end;
  };
  while (at < text.length) {
    const char = text[at];
    if (char === '/' && text[at + 1] === '/') skipTo(endOf(text, '\n', at), 'comment');
    else if (char === '/' && text[at + 1] === '*') skipTo(endOf(text, '*/', at + 2) + 2, 'comment');
    else if (char === "'" || char === '"') skipTo(endOfQuoted(text, at), 'string');
    else if (char === '/' && startsRegExp(text, kinds, at)) skipTo(endOfRegExp(text, at), 'string');
    else if (char === '`' || (char === '}' && templates.at(-1) === 0)) {
      if (char === '}') templates.pop();
      const end = endOfTemplateChunk(text, at + 1);
      if (text[end - 1] === '{') templates.push(0);
      skipTo(end, 'string');
    } else {
      const depth = templates.at(-1);
      if (depth !== undefined && char === '{') templates[templates.length - 1] = depth + 1;
      if (depth !== undefined && char === '}') templates[templates.length - 1] = depth - 1;
      at += 1;
    }
  }
  return kinds;
}

function endOf(text: string, mark: string, from: number): number {
  const end = text.indexOf(mark, from);
  return end < 0 ? text.length : end;
}

function endOfQuoted(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === text[start] || text[at] === '\n') return at + 1;
  }
  return text.length;
}

/** Behind the closing backtick or behind the `{` of `${`. */
function endOfTemplateChunk(text: string, start: number): number {
  for (let at = start; at < text.length; at++) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '`') return at + 1;
    else if (text[at] === '$' && text[at + 1] === '{') return at + 2;
  }
  return text.length;
}

function endOfRegExp(text: string, start: number): number {
  let inClass = false;
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at];
    if (char === '\\') at += 1;
    else if (char === '[') inClass = true;
    else if (char === ']') inClass = false;
    else if (char === '\n' || (char === '/' && !inClass)) return at + 1;
  }
  return text.length;
}

/** A slash divides after a value; elsewhere it opens a regular expression. */
function startsRegExp(text: string, kinds: readonly Kind[], slash: number): boolean {
  let at = slash - 1;
  while (at >= 0 && (kinds[at] === 'comment' || /\s/.test(text[at] ?? ''))) at -= 1;
  if (at < 0) return true;
  if (kinds[at] === 'string') return false;
  const char = text[at] ?? '';
  // `</b>` closes an element.
  if (char === '<' && at === slash - 1) return false;
  if (/[)\]}]/.test(char)) return false;
  if (!/[\w$]/.test(char)) return true;
  const word = /[\w$]+$/.exec(text.slice(Math.max(0, at - 20), at + 1))?.[0] ?? '';
  return /^(return|typeof|case|in|of|delete|void|throw|new|else|await|yield)$/.test(word);
}
