export type Theme = 'auto' | 'light' | 'dark';

/** Also read by public/theme.js before the first paint. */
const KEY = 'plimsoll.theme';

function stored(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : 'auto';
  } catch {
    return 'auto';
  }
}

class ThemeChoice {
  current: Theme = $state(stored());

  choose(theme: Theme): void {
    this.current = theme;
    if (theme === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    try {
      if (theme === 'auto') localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, theme);
    } catch {
      // Storage is blocked: the choice holds until the page is left.
    }
  }
}

export const theme = new ThemeChoice();
