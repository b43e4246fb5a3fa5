import { describe, expect, test } from 'vitest';
import { ago, change, context, listeners, NOW, session, snapshot } from '../../testing/fixtures';
import { INITIAL, reduce, type LiveEvent, type LiveState } from './live';

const A = session({ sessionId: 'a' });
const B = session({ sessionId: 'b' });

function after(...events: LiveEvent[]): LiveState {
  return events.reduce(reduce, INITIAL);
}
const whole = (over = {}): LiveEvent => ({
  type: 'snapshot',
  at: NOW,
  data: snapshot({ sessions: [A, B], ...over }),
});
const changes = (over = {}, sessions = [A]): LiveEvent => ({
  type: 'change',
  at: NOW,
  data: change(sessions, { order: ['a', 'b'], ...over }),
});
const ids = (state: LiveState) => state.snapshot?.sessions.map((each) => each.sessionId);

describe('snapshot', () => {
  /// Scenario: the first message arrives.
  /// Guarantees: the page is live with exactly what it says.
  test('makes the page live', () => {
    const state = after(whole());
    expect([state.connection, ids(state), state.epoch]).toEqual(['live', ['a', 'b'], 1]);
  });

  /// Scenario: the stream was lost, the resident restarted with fewer sessions and a lower version.
  /// Guarantees: the new snapshot replaces everything and ends the stale state.
  test('replaces all after a gap', () => {
    const state = after(
      whole({ version: 90 }),
      { type: 'lost', at: NOW },
      whole({ version: 1, sessions: [B] }),
    );
    expect([state.connection, state.lostAt, ids(state), state.epoch]).toEqual([
      'live',
      null,
      ['b'],
      2,
    ]);
  });

  /// Scenario: the resident was updated while the page stayed open.
  /// Guarantees: the page still knows which version it came from.
  test('keeps the version of the page', () => {
    const state = after(whole(), whole({ appVersion: '0.2.0' }));
    expect([state.pageVersion, state.snapshot?.appVersion]).toEqual(['0.1.0', '0.2.0']);
  });
});

describe('change', () => {
  /// Scenario: one session of two changed, and the order with it.
  /// Guarantees: the other one is the same object; what did not change is kept.
  test('takes the changed session and the new order', () => {
    const fuller = session({ sessionId: 'b', context: context(160_000) });
    const before = after(whole());
    const state = reduce(before, changes({ order: ['b', 'a'] }, [fuller]));
    expect(state.snapshot?.sessions).toEqual([fuller, A]);
    expect(state.snapshot?.sessions[1]).toBe(before.snapshot?.sessions[0]);
    expect(state.snapshot?.today).toBe(before.snapshot?.today);
  });

  /// Scenario: a session fell out of the last 24 hours and a listener failed.
  /// Guarantees: the session is gone, the listeners are the new ones.
  test('removes sessions and takes new listeners', () => {
    const deaf = listeners({ 'otlp-http': 'portTaken' });
    const state = after(whole(), changes({ removed: ['b'], order: ['a'], listeners: deaf }));
    expect([ids(state), state.snapshot?.listeners]).toEqual([['a'], deaf]);
  });

  /// Scenario: versions were skipped because the reader was slow.
  /// Guarantees: the newest wins; a change that is not newer than what is known is ignored.
  test('takes the newest version only', () => {
    const state = after(whole(), changes({ version: 9, revision: 900 }));
    expect(state.snapshot?.revision).toBe(900);
    expect(reduce(state, changes({ version: 9, revision: 1 }))).toBe(state);
  });

  /// Scenario: a change names a session that was never sent, or comes before any snapshot.
  /// Guarantees: the state says that it is out of step instead of showing half the sessions.
  test('asks for a new snapshot when something is missing', () => {
    const state = after(whole(), changes({ order: ['a', 'b', 'c'] }));
    expect([state.outOfStep, ids(state)]).toEqual([true, ['a', 'b']]);
    expect(after(changes()).outOfStep).toBe(true);
    expect(after(whole(), { type: 'unreadable' }, whole()).outOfStep).toBe(false);
  });
});

describe('connection', () => {
  /// Scenario: the stream fails again and again.
  /// Guarantees: "stale since" is the first failure; the last numbers stay.
  test('remembers since when it is lost', () => {
    const state = after(whole(), { type: 'lost', at: NOW + 10 }, { type: 'lost', at: NOW + 99 });
    expect([state.connection, state.lostAt, ids(state)]).toEqual(['lost', NOW + 10, ['a', 'b']]);
  });
});

describe('clock', () => {
  const HOUR = 3_600_000;
  const late = { type: 'snapshot', at: NOW + HOUR, data: snapshot({ asOf: ago(0) }) } as const;

  /// Scenario: a snapshot that was made an hour ago, as after an idle hour, from a server on the same clock.
  /// Guarantees: the hour counts as age, not as a wrong clock.
  test('takes an old snapshot for old', () => {
    expect(reduce(INITIAL, late).clockOffset).toBe(0);
    const state = after(late, { type: 'clock', at: NOW + HOUR, data: NOW + HOUR - 900 });
    expect(state.clockOffset).toBe(0);
  });

  /// Scenario: the local clock is an hour ahead of the server's, or an hour behind.
  /// Guarantees: ages are counted on the server's clock.
  test('follows the clock of the server', () => {
    const ahead = after(late, { type: 'clock', at: NOW + HOUR, data: NOW });
    expect(ahead.clockOffset).toBe(-HOUR);
    const behind = reduce(INITIAL, { type: 'snapshot', at: NOW - HOUR, data: snapshot() });
    expect(behind.clockOffset).toBe(HOUR);
  });
});
