import { beforeEach, describe, expect, test } from 'vitest';
import { FakeEventSource } from '../../testing/eventSource';
import {
  change,
  checkpoint,
  NOW,
  reached,
  record,
  session,
  snapshot,
} from '../../testing/fixtures';
import type { LiveEvent } from './live';
import { Stream, type News } from './stream';
import type { UsageRecord } from './types';

/** Time that passes when a test says so. */
class Time {
  now = NOW;
  #timers = new Map<number, { due: number; run: () => void }>();
  #last = 0;

  after = (ms: number, run: () => void): number => {
    this.#last += 1;
    this.#timers.set(this.#last, { due: this.now + ms, run });
    return this.#last;
  };

  cancel = (timer: number): void => void this.#timers.delete(timer);

  pass(ms: number): void {
    this.now += ms;
    for (const [timer, { due, run }] of [...this.#timers]) {
      if (due <= this.now && this.#timers.delete(timer)) run();
    }
  }
}

let time: Time;
let events: LiveEvent[];
let records: UsageRecord[];
let news: News[];
let stream: Stream;
const types = () => events.map((event) => event.type);
const opened = () => FakeEventSource.opened.length;

beforeEach(() => {
  FakeEventSource.opened = [];
  time = new Time();
  events = [];
  records = [];
  news = [];
  stream = new Stream(
    '/api/v1/events',
    {
      dispatch: (event) => events.push(event),
      record: (each) => records.push(each),
      news: (each) => news.push(each),
    },
    {
      open: (url) => new FakeEventSource(url) as unknown as EventSource,
      now: () => time.now,
      after: time.after,
      cancel: time.cancel,
    },
  );
  stream.connect();
});

describe('messages', () => {
  /// Scenario: one message of each kind.
  /// Guarantees: each is handed on with the time of its arrival.
  test('are handed on', () => {
    FakeEventSource.latest.say('snapshot', snapshot());
    FakeEventSource.latest.say('change', change([session()]));
    FakeEventSource.latest.say('usage.recorded', record());
    expect(events.map((event) => [event.type, 'at' in event && event.at])).toEqual([
      ['snapshot', NOW],
      ['change', NOW],
    ]);
    expect(records).toEqual([record()]);
  });

  /// Scenario: a level is reached, a compaction follows, a checkpoint is acknowledged.
  /// Guarantees: each is told as news; the level is part of the page's state too.
  test('of what happened are told as news', () => {
    const { latest } = FakeEventSource;
    latest.say('session.level', reached());
    const compacted = { sessionId: 'a', project: null, compactions: 2, context: null };
    latest.say('session.compacted', compacted);
    latest.say('checkpoint.acknowledged', checkpoint());
    expect(news).toEqual([
      { type: 'level', data: reached() },
      { type: 'compacted', data: compacted },
      { type: 'checkpoint', data: checkpoint() },
    ]);
    expect(types()).toEqual(['level']);
  });

  /// Scenario: a message that is not JSON.
  /// Guarantees: it is told as unreadable; nothing throws.
  test('that cannot be read are told of', () => {
    FakeEventSource.latest.say('change', '{"revision":');
    expect(types()).toEqual(['unreadable']);
  });

  /// Scenario: a connection that was given up still speaks.
  /// Guarantees: it is not heard.
  test('of a former connection are ignored', () => {
    const former = FakeEventSource.latest;
    stream.connect();
    former.say('snapshot', snapshot());
    former.fail(FakeEventSource.CLOSED);
    expect(events).toEqual([]);
  });
});

describe('a broken connection', () => {
  /// Scenario: the browser reconnects by itself.
  /// Guarantees: the loss is told at once, no second connection is opened beside the browser's attempts.
  test('is left to the browser at first', () => {
    FakeEventSource.latest.say('snapshot', snapshot());
    FakeEventSource.latest.fail(FakeEventSource.CONNECTING);
    time.pass(3000);
    expect([types(), opened()]).toEqual([['snapshot', 'lost'], 1]);
  });

  /// Scenario: the browser has given up, again and again.
  /// Guarantees: new connections after 1, 2, 4, 5, 5 seconds.
  test('is opened again with back-off', () => {
    const waits = [1000, 2000, 4000, 5000, 5000];
    for (const [failures, wait] of waits.entries()) {
      FakeEventSource.latest.fail(FakeEventSource.CLOSED);
      time.pass(wait - 1);
      expect(opened()).toBe(failures + 1);
      time.pass(1);
      expect(opened()).toBe(failures + 2);
    }
  });

  /// Scenario: the server accepts and never says a word.
  /// Guarantees: after ten seconds the loss is told and the connection is opened anew.
  test('includes one that stays silent', () => {
    time.pass(10_000);
    expect(types()).toEqual(['lost']);
    time.pass(1000);
    expect(opened()).toBe(2);
  });

  /// Scenario: the page is seen again while the stream waits, and while it is open.
  /// Guarantees: it connects at once; an open stream is left alone.
  test('is opened at once when the page wakes', () => {
    FakeEventSource.latest.fail(FakeEventSource.CLOSED);
    stream.wake();
    expect(opened()).toBe(2);
    FakeEventSource.latest.say('snapshot', snapshot());
    stream.wake();
    expect(opened()).toBe(2);
  });
});

/// Scenario: the stream is out of step twice within ten seconds.
/// Guarantees: the first time it begins anew at once, the second time it waits first.
test('beginning anew does not become a busy loop', () => {
  stream.resync();
  expect(opened()).toBe(2);
  stream.resync();
  expect([opened(), types()]).toEqual([2, ['lost']]);
  time.pass(1000);
  expect(opened()).toBe(3);
});
