// The page's live data: one stream, one state, whoever shows it.

import { INITIAL, reduce, type LiveEvent, type LiveState } from './api/live';
import { fetchClock } from './api/fetch';
import { Stream } from './api/stream';
import type { UsageRecord } from './api/types';
import { clock } from './clock.svelte';

class Live {
  state: LiveState = $state.raw(INITIAL);
  readonly #listeners = new Set<(record: UsageRecord) => void>();
  #stream: Stream | null = null;

  /** The server's time now in ms, as well as it is known: what every age is counted to. */
  get serverNow(): number {
    return clock.now + this.state.clockOffset;
  }

  dispatch = (event: LiveEvent): void => {
    this.state = reduce(this.state, event);
    if (event.type === 'snapshot') void this.#compareClocks();
    if (this.state.outOfStep) this.#stream?.resync();
  };

  /** A snapshot may have been made long before it was sent, so the server's clock is asked for. */
  async #compareClocks(): Promise<void> {
    const data = await fetchClock();
    if (data !== null) this.dispatch({ type: 'clock', at: Date.now(), data });
  }

  /** Calls `use` with every usage record from now on; the returned function ends it. */
  onRecord(use: (record: UsageRecord) => void): () => void {
    this.#listeners.add(use);
    return () => this.#listeners.delete(use);
  }

  /** Connects and stays connected; the returned function ends it. */
  start(): () => void {
    const stream = new Stream('/api/v1/events', {
      dispatch: this.dispatch,
      record: (record) => this.#listeners.forEach((use) => use(record)),
    });
    this.#stream = stream;
    stream.connect();
    const wake = (): void => {
      if (!document.hidden) stream.wake();
    };
    document.addEventListener('visibilitychange', wake);
    const restored = (event: PageTransitionEvent): void => {
      if (event.persisted) wake();
    };
    window.addEventListener('pageshow', restored);
    return () => {
      document.removeEventListener('visibilitychange', wake);
      window.removeEventListener('pageshow', restored);
      stream.close();
    };
  }
}

export const live = new Live();
