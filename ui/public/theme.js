// Sets the chosen theme before the first paint; the page's own script comes too late for that.
try {
  const theme = localStorage.getItem('plimsoll.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is blocked: the system's theme holds.
}
