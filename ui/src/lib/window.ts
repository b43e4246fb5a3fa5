// What the page tells the window that shows it. There is no channel but navigations: the window's process takes
// those of the scheme `plimsoll:` as messages and never follows them.

/** The tallest that the window can become, in CSS pixels. */
const TALLEST = 560;

export type Navigate = (url: string) => void;

const assign: Navigate = (url) => location.assign(url);

/** Whether the page is shown in a window of Plimsoll's own rather than in a browser. */
export function inWindow(query = location.search): boolean {
  return new URLSearchParams(query).has('window');
}

/** Escape closes the window, which has no context menu; the returned function ends that. */
export function behaveAsWindow(navigate: Navigate = assign): () => void {
  const onkeydown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') navigate('plimsoll:close');
  };
  const oncontextmenu = (event: Event): void => event.preventDefault();
  window.addEventListener('keydown', onkeydown);
  window.addEventListener('contextmenu', oncontextmenu);
  return () => {
    window.removeEventListener('keydown', onkeydown);
    window.removeEventListener('contextmenu', oncontextmenu);
  };
}

/**
 * Tells the height that `parts` need one below the other, now and whenever it changes, once a frame at most;
 * the returned function ends that.
 */
export function tellHeight(parts: readonly Element[], navigate: Navigate = assign): () => void {
  let told = 0;
  let frame = 0;
  const tell = (): void => {
    frame = 0;
    const needed = parts.reduce((sum, part) => sum + part.getBoundingClientRect().height, 0);
    const height = Math.min(Math.ceil(needed), TALLEST);
    if (height === told) return;
    told = height;
    navigate(`plimsoll:height/${height}`);
  };
  const observer = new ResizeObserver(() => {
    if (frame === 0) frame = requestAnimationFrame(tell);
  });
  for (const part of parts) observer.observe(part);
  return () => {
    observer.disconnect();
    cancelAnimationFrame(frame);
  };
}
