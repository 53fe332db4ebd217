/** Runs before anything is painted: the theme that was chosen, or the system's, and no other. */
function chosenTheme(): string | null {
  try {
    return localStorage.getItem('sluice.theme');
  } catch {
    // Storage may be forbidden; then the system's theme is shown.
    return null;
  }
}

const systemIsDark = matchMedia('(prefers-color-scheme: dark)');

function showTheme(): void {
  const chosen = chosenTheme();
  const ofSystem = systemIsDark.matches ? 'dark' : 'light';
  const isKnown = chosen === 'dark' || chosen === 'light';
  document.documentElement.dataset.theme = isKnown ? chosen : ofSystem;
}

systemIsDark.addEventListener('change', showTheme);
showTheme();
