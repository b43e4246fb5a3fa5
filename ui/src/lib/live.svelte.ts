// The page's live data: one stream, one state, whoever shows it.

import { INITIAL, reduce, type LiveEvent, type LiveState } from './api/live';
import { fetchClock } from './api/fetch';
import { Stream, type News } from './api/stream';
import type { UsageRecord } from './api/types';
import { clock } from './clock.svelte';

class Live {
  state: LiveState = $state.raw(INITIAL);
  /** Counts connections. Unlike `state` it changes with nothing else: what is asked for beside the stream follows it. */
  readonly epoch = $derived(this.state.epoch);
  readonly #recordListeners = new Set<(record: UsageRecord) => void>();
  readonly #newsListeners = new Set<(news: News) => void>();
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
    this.#recordListeners.add(use);
    return () => this.#recordListeners.delete(use);
  }

  /** Calls `use` with whatever happens from now on; the returned function ends it. */
  onNews(use: (news: News) => void): () => void {
    this.#newsListeners.add(use);
    return () => this.#newsListeners.delete(use);
  }

  /** Connects and stays connected; the returned function ends it. */
  start(): () => void {
    const stream = new Stream('/api/v1/events', {
      dispatch: this.dispatch,
      record: (record) => this.#recordListeners.forEach((use) => use(record)),
      news: (news) => this.#newsListeners.forEach((use) => use(news)),
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
