/** Text in lines of a width. Pure. */

const ELLIPSIS = '…';
/** A long word breaks after one of these, if it can. */
const BREAKS = '(),./-_>:';

/** Widths in em of a bold face without serifs, as wide as they come. */
const NARROW_EM = 0.42;
const WIDE_EM = 1.1;
const UPPER_EM = 0.79;
const OTHER_EM = 0.71;

/** How wide a text is at most, without a browser. */
export function textWidthPx(text: string, fontSizePx: number): number {
  let widthEm = 0;
  for (const char of text) {
    if (/[ijlIftr.,:;'|![\]()\s-]/.test(char)) widthEm += NARROW_EM;
    else if (/[mwMW@%…]/.test(char) || char > '\u2e7f') widthEm += WIDE_EM;
    else if (/[A-Z<>=+~]/.test(char)) widthEm += UPPER_EM;
    else widthEm += OTHER_EM;
  }
  return widthEm * fontSizePx;
}

/**
 * Lines of at most so wide; what does not fit ends in `…`.
 *
 * @param widthOf @defaultValue its characters
 */
export function wrapText(
  text: string,
  maxWidth: number,
  maxLines: number,
  widthOf: (text: string) => number = (line) => line.length,
): readonly string[] {
  const lines: string[] = [];
  let rest = text.trim();
  while (rest !== '' && lines.length < maxLines) {
    if (widthOf(rest) <= maxWidth) {
      lines.push(rest);
      return lines;
    }
    if (lines.length === maxLines - 1) {
      const end = fitting(rest, maxWidth - widthOf(ELLIPSIS), widthOf);
      lines.push(`${rest.slice(0, end).trimEnd()}${ELLIPSIS}`);
      return lines;
    }
    const end = lineEnd(rest, fitting(rest, maxWidth, widthOf));
    lines.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  return lines;
}

/** How many of the first characters there is room for: at least one. */
function fitting(text: string, maxWidth: number, widthOf: (text: string) => number): number {
  let end = 1;
  while (end < text.length && widthOf(text.slice(0, end + 1)) <= maxWidth) end += 1;
  return end;
}

function lineEnd(text: string, maxEnd: number): number {
  const space = text.lastIndexOf(' ', maxEnd);
  if (space > maxEnd / 3) return space;
  for (let end = maxEnd; end > maxEnd / 2; end -= 1) {
    if (BREAKS.includes(text.charAt(end - 1))) return end;
  }
  return maxEnd;
}
