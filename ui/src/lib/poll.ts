// Looks again and again, while somebody sees the page.

/**
 * Calls `look` after `delay` ms, by default at once, and then `pause` ms after its end, while the page is visible;
 * the returned function ends it.
 */
export function whileVisible(
  look: (signal: AbortSignal) => Promise<void>,
  pause: number,
  delay = 0,
): () => void {
  let current: AbortController | null = null;
  let timer: number | undefined;
  const turn = async (): Promise<void> => {
    const asking = new AbortController();
    current = asking;
    await look(asking.signal).catch(() => undefined);
    if (!asking.signal.aborted) timer = window.setTimeout(turn, pause);
  };
  const stop = (): void => {
    current?.abort();
    window.clearTimeout(timer);
  };
  const follow = (): void => {
    stop();
    if (document.visibilityState !== 'visible') return;
    if (delay === 0) void turn();
    else timer = window.setTimeout(turn, delay);
  };
  follow();
  document.addEventListener('visibilitychange', follow);
  return () => {
    document.removeEventListener('visibilitychange', follow);
    stop();
  };
}
