// A ledger that is shown: read page by page, and renewed from above without losing what was read below.

import { failure } from '../../lib/api/fetch';
import { extended, renewed, type Page } from './pages';

export type Read<Item, Cursor> = (
  before: Cursor | null,
  signal: AbortSignal,
) => Promise<Page<Item, Cursor>>;

export class Ledger<Item, Cursor> {
  /** All pages read so far; `null` before the first. */
  page: Page<Item, Cursor> | null = $state.raw(null);
  /** Why the last reading told nothing. */
  problem = $state('');
  /** Whether the page below is being read. */
  busy = $state(false);

  readonly #read: Read<Item, Cursor>;
  readonly #place: (item: Item) => number;
  #stop = new AbortController();
  /** One reading after the other, so that none of them is of another state than it began with. */
  #last: Promise<void> = Promise.resolve();
  #renewing: Promise<void> | null = null;

  constructor(read: Read<Item, Cursor>, place: (item: Item) => number) {
    this.#read = read;
    this.#place = place;
  }

  /** Reads the newest page; the returned function ends all reading. */
  start(): () => void {
    const stop = new AbortController();
    this.#stop = stop;
    void this.renew();
    return () => stop.abort();
  }

  /** Reads the newest page again, once for all who ask before it begins. */
  renew(): Promise<void> {
    this.#renewing ??= this.#inTurn(async (signal) => {
      this.#renewing = null;
      const newest = await this.#read(null, signal);
      this.page = this.page === null ? newest : renewed(this.page, newest, this.#place);
    });
    return this.#renewing;
  }

  /** Reads the page below what is known. */
  async older(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    await this.#inTurn(async (signal) => {
      if (this.page === null || this.page.next === null) return;
      this.page = extended(this.page, await this.#read(this.page.next, signal));
    });
    this.busy = false;
  }

  #inTurn(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.#last = this.#last.then(async () => {
      // The one that holds when its turn comes: it may have been started anew meanwhile.
      const { signal } = this.#stop;
      try {
        await work(signal);
        this.problem = '';
      } catch (error: unknown) {
        if (!signal.aborted) this.problem = failure(error);
      }
    });
    return this.#last;
  }
}
