// Keeps what is read where it stands, while something is put in above it.

/**
 * Remembers where the first of `rows` in sight stands; the returned function moves the page so that it stands there
 * again. At the top of the page nothing is held: what is new is to be seen.
 */
export function heldPlace(rows: Iterable<Element>): () => void {
  if (window.scrollY <= 0) return () => {};
  for (const row of rows) {
    const { top, bottom } = row.getBoundingClientRect();
    if (bottom <= 0) continue;
    return () => {
      if (!row.isConnected) return;
      const moved = row.getBoundingClientRect().top - top;
      if (moved !== 0) window.scrollBy({ top: moved, behavior: 'instant' });
    };
  }
  return () => {};
}
