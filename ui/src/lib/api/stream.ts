// The one connection to the resident's event stream, and its way back when it breaks.

import type { LiveEvent } from './live';
import type { Change, Checkpoint, Compacted, LevelReached, Snapshot, UsageRecord } from './types';

/** Waiting times in ms between attempts of our own; the browser makes its own while it has not given up. */
const BACK_OFF = [1000, 2000, 4000];
const LONGEST_WAIT = 5000;
/** How long a connection may take until its first message, the browser's own attempts included. */
const PATIENCE = 10_000;
/** A stream that falls out of step more often than this waits before it begins anew. */
const RESYNC_PAUSE = 10_000;

/** Something that happened, beside numbers that moved. */
export type News =
  | { type: 'level'; data: LevelReached }
  | { type: 'compacted'; data: Compacted }
  | { type: 'checkpoint'; data: Checkpoint };

export interface Handlers {
  dispatch: (event: LiveEvent) => void;
  record: (record: UsageRecord) => void;
  news: (news: News) => void;
}

/** What a stream needs of its surroundings. */
export interface Surroundings {
  open: (url: string) => EventSource;
  now: () => number;
  after: (ms: number, run: () => void) => number;
  cancel: (timer: number) => void;
}

const BROWSER: Surroundings = {
  open: (url) => new EventSource(url),
  now: () => Date.now(),
  after: (ms, run) => window.setTimeout(run, ms),
  cancel: (timer) => window.clearTimeout(timer),
};

export class Stream {
  readonly #url: string;
  readonly #handlers: Handlers;
  readonly #around: Surroundings;
  #source: EventSource | null = null;
  #timer: number | null = null;
  #failures = 0;
  #resyncedAt = -Infinity;

  constructor(url: string, handlers: Handlers, around: Surroundings = BROWSER) {
    this.#url = url;
    this.#handlers = handlers;
    this.#around = around;
  }

  /** Opens a new connection in place of the present one. Its first message is a whole snapshot. */
  connect(): void {
    this.close();
    const source = this.#around.open(this.#url);
    this.#source = source;
    this.#wait(PATIENCE, () => this.#retry());
    this.#listen(source);
  }

  /** Begins anew because what came did not fit what was there. */
  resync(): void {
    const now = this.#around.now();
    const lately = now - this.#resyncedAt < RESYNC_PAUSE;
    this.#resyncedAt = now;
    if (lately) this.#retry();
    else this.connect();
  }

  /** Connects at once when the connection is down, instead of waiting for the next attempt. */
  wake(): void {
    const source = this.#source;
    if (source === null || source.readyState !== source.OPEN) this.connect();
  }

  close(): void {
    this.#stopWaiting();
    this.#source?.close();
    this.#source = null;
  }

  #listen(source: EventSource): void {
    const { dispatch, record, news } = this.#handlers;
    const on = <T>(name: string, use: (data: T, at: number) => void): void => {
      source.addEventListener(name, (message) => {
        if (source !== this.#source) return;
        const data = parsed<T>((message as MessageEvent<string>).data);
        if (data === null) dispatch({ type: 'unreadable' });
        else use(data, this.#around.now());
      });
    };
    on<Snapshot>('snapshot', (data, at) => {
      this.#settled();
      dispatch({ type: 'snapshot', at, data });
    });
    on<Change>('change', (data, at) => dispatch({ type: 'change', at, data }));
    on<LevelReached>('session.level', (data, at) => {
      dispatch({ type: 'level', at, data });
      news({ type: 'level', data });
    });
    on<Compacted>('session.compacted', (data) => news({ type: 'compacted', data }));
    on<Checkpoint>('checkpoint.acknowledged', (data) => news({ type: 'checkpoint', data }));
    on<UsageRecord>('usage.recorded', record);
    source.addEventListener('error', () => {
      if (source !== this.#source) return;
      dispatch({ type: 'lost', at: this.#around.now() });
      if (source.readyState === source.CLOSED) this.#retry();
      else if (this.#timer === null) this.#wait(PATIENCE, () => this.#retry());
    });
  }

  #settled(): void {
    this.#stopWaiting();
    this.#failures = 0;
  }

  #retry(): void {
    this.#handlers.dispatch({ type: 'lost', at: this.#around.now() });
    this.close();
    const wait = BACK_OFF[this.#failures] ?? LONGEST_WAIT;
    this.#failures += 1;
    this.#wait(wait, () => this.connect());
  }

  #wait(ms: number, then: () => void): void {
    this.#timer = this.#around.after(ms, () => {
      this.#timer = null;
      then();
    });
  }

  #stopWaiting(): void {
    if (this.#timer !== null) this.#around.cancel(this.#timer);
    this.#timer = null;
  }
}

function parsed<T>(text: string): T | null {
  try {
    return JSON.parse(text) as T;
  } catch {
    return null;
  }
}
