// The wishes for quiet that hold, as far as this page knows, and the way to wish.

import { tick } from 'svelte';
import { failure, fetchQuiet, sendQuiet, type QuietWish } from '../../lib/api/fetch';
import type { Silence } from '../../lib/api/types';
import { whileVisible } from '../../lib/poll';
import { refusalWords } from './quiet';

/** So many ms lie between two looks: others may wish too, and nothing tells of it. */
const PAUSE = 15_000;

class QuietWishes {
  /** `null` until they were told. */
  silences: Silence[] | null = $state.raw(null);
  /** Why the last look or wish came to nothing. */
  problem = $state('');
  busy = $state(false);
  /** Grows with every wish: an answer that was asked for before is old. */
  #wishes = 0;

  /** Looks again and again; the returned function ends it. */
  watch(): () => void {
    return whileVisible((signal) => this.#look(signal), PAUSE);
  }

  async wish(wish: QuietWish): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.#wishes += 1;
    try {
      this.silences = (await sendQuiet(wish)).silences;
      this.problem = '';
    } catch (error: unknown) {
      this.problem = refusalWords(error);
    } finally {
      this.#wishes += 1;
      this.busy = false;
    }
  }

  /** As before the first look. */
  forget(): void {
    this.silences = null;
    this.problem = '';
    this.busy = false;
  }

  async #look(signal: AbortSignal): Promise<void> {
    const before = this.#wishes;
    try {
      const { silences } = await fetchQuiet(signal);
      if (this.silences === null) this.problem = '';
      if (before === this.#wishes) this.silences = silences;
    } catch (error: unknown) {
      if (!signal.aborted && this.silences === null) this.problem = failure(error);
    }
  }
}

export const quiet = new QuietWishes();

/**
 * Wishes on behalf of a button within `group`. A wish mostly replaces its button: whoever stood on it stands on the
 * group's first button or link then, instead of nowhere.
 */
export async function wishFrom(group: HTMLElement | undefined, wish: QuietWish): Promise<void> {
  const stood = group?.contains(document.activeElement) ?? false;
  await quiet.wish(wish);
  await tick();
  if (stood && document.activeElement === document.body)
    group?.querySelector<HTMLElement>('button, a')?.focus();
}
