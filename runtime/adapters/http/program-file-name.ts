/** A harmless name for an uploaded program, from what a client calls it. */
export function programFileName(fileName: string): string {
  const base = fileName.replace(/^.*[/\\]/s, '').replace(/[^\w.-]/g, '_');
  const name = base.slice(-100);
  return name === '' || name.startsWith('.') || base.startsWith('.') ? 'job.mjs' : name;
}
