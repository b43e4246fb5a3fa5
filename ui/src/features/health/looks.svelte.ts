// The running clients, looked at again and again while somebody sees the page.

import { failure, fetchDoctor } from '../../lib/api/fetch';
import type { Doctor } from '../../lib/api/types';
import { whileVisible } from '../../lib/poll';

/** So many ms lie between two looks. */
const PAUSE = 5000;

export class Looks {
  doctor: Doctor | null = $state.raw(null);
  /** Why the last look told nothing. */
  problem = $state('');
  busy = $state(false);
  #attempt = $state(0);

  /** Looks until the returned function ends it; for an effect, which begins anew with `again`. */
  start(): () => void {
    void this.#attempt;
    return whileVisible((signal) => this.#look(signal), PAUSE);
  }

  /** Looks at once. */
  again(): void {
    this.#attempt += 1;
  }

  async #look(signal: AbortSignal): Promise<void> {
    this.busy = true;
    try {
      this.doctor = await fetchDoctor(signal);
      this.problem = '';
    } catch (error: unknown) {
      if (!signal.aborted) this.problem = failure(error);
    } finally {
      if (!signal.aborted) this.busy = false;
    }
  }
}
