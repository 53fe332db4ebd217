import type { Login } from './job.ts';

/** As a server writes them: nearly in order. */
export const LOGINS: readonly Login[] = [
  { user: 'ann', ok: false, atMs: 1000 },
  { user: 'bob', ok: false, atMs: 1200 },
  { user: 'ann', ok: false, atMs: 3000 },
  { user: 'bob', ok: true, atMs: 3100 },
  // Two seconds late.
  { user: 'ann', ok: false, atMs: 2000 },
  { user: 'ann', ok: true, atMs: 4000 },
  { user: 'eve', ok: false, atMs: 5000 },
  { user: 'eve', ok: false, atMs: 6000 },
  { user: 'eve', ok: false, atMs: 7000 },
  { user: 'cid', ok: false, atMs: 8000 },
  { user: 'cid', ok: false, atMs: 9000 },
  { user: 'cid', ok: false, atMs: 10_000 },
  // Too late to be the end of what began at 8 s.
  { user: 'cid', ok: true, atMs: 18_000 },
  { user: 'bob', ok: true, atMs: 30_000 },
];
