// Whether the welcome is to be shown, and how far it is.

import { fetchWelcome, sendWelcome } from '../../lib/api/fetch';

class WelcomeState {
  /** `null` until it is known. */
  seen: boolean | null = $state(null);
  step = $state(0);
  /** The step that was made known by moving the focus there. */
  focused: number | null = null;

  /** Asks once; for an effect. Where nobody answers, nothing is shown. */
  ask(): (() => void) | undefined {
    if (this.seen !== null) return undefined;
    const asking = new AbortController();
    fetchWelcome(asking.signal).then(
      (answer) => (this.seen ??= answer.seen !== false),
      () => undefined,
    );
    return () => asking.abort();
  }

  /** Finished or skipped: not to be shown again, whether or not that can be kept. */
  end(): void {
    this.#set(true);
  }

  again(): void {
    this.#set(false);
  }

  /** As on a page that is opened anew. */
  forget(): void {
    this.seen = null;
    this.step = 0;
    this.focused = null;
  }

  #set(seen: boolean): void {
    this.forget();
    this.seen = seen;
    sendWelcome(seen).catch(() => undefined);
  }
}

export const welcome = new WelcomeState();
