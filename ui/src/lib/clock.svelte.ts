// One second hand for the whole page. It stands still while the page is hidden.

class Clock {
  /** Local time in ms, renewed every second while the page is seen. */
  now = $state(Date.now());
  #timer: number | undefined;

  /** Starts ticking; the returned function stops it. */
  start(): () => void {
    const follow = (): void => {
      window.clearInterval(this.#timer);
      if (document.hidden) return;
      this.now = Date.now();
      this.#timer = window.setInterval(() => (this.now = Date.now()), 1000);
    };
    follow();
    document.addEventListener('visibilitychange', follow);
    return () => {
      window.clearInterval(this.#timer);
      document.removeEventListener('visibilitychange', follow);
    };
  }
}

export const clock = new Clock();
