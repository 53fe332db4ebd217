/** Lines of at most so many characters; what does not fit ends in `…`. Pure. */
export function wrapText(text: string, maxChars: number, maxLines: number): readonly string[] {
  const lines: string[] = [];
  let rest = text.trim();
  while (rest !== '' && lines.length < maxLines) {
    if (rest.length <= maxChars) {
      lines.push(rest);
      return lines;
    }
    const isLast = lines.length === maxLines - 1;
    if (isLast) {
      lines.push(`${rest.slice(0, maxChars - 1).trimEnd()}…`);
      return lines;
    }
    const space = rest.lastIndexOf(' ', maxChars);
    const end = space > maxChars / 3 ? space : maxChars;
    lines.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  return lines;
}
