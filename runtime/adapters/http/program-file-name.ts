/** A harmless name for an uploaded program, from what a client calls it. */
export function programFileName(fileName: string): string {
  const base = fileName.replace(/^.*[/\\]/, '').replace(/[^\w.-]/g, '_');
  return base === '' || base.startsWith('.') ? 'job.mjs' : base.slice(-100);
}
