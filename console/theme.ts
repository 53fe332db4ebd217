/** Runs before anything is painted: the theme that was chosen, not a flash of the other one. */
const stored = ((): string | null => {
  try {
    return localStorage.getItem('sluice.theme');
  } catch {
    // Storage may be forbidden; then the system's theme is shown.
    return null;
  }
})();
if (stored === 'dark' || stored === 'light') document.documentElement.dataset.theme = stored;
