import { describe, expect, test } from 'vitest';
import { INITIAL, reduce, type LiveState } from '../../lib/api/live';
import type { Session, Snapshot } from '../../lib/api/types';
import {
  ago,
  backfill,
  context,
  line,
  listeners,
  NOW,
  problem,
  refusing,
  session,
  snapshot,
} from '../../testing/fixtures';
import { documentTitle, headline } from './headline';

const MINUTE = 60_000;

function live(over: Partial<Snapshot>): LiveState {
  return reduce(INITIAL, { type: 'snapshot', at: NOW, data: snapshot(over) });
}
function said(state: LiveState, now = NOW): [string, string] {
  const { title, detail } = headline(state, now);
  return [title, detail].map((text) => text.replaceAll('\u00a0', ' ')) as [string, string];
}
const of = (...sessions: Session[]) => said(live({ sessions }));

const calm = session({ sessionId: 'c', project: 'plimsoll' });
const near = session({ sessionId: 'n', context: context(151_203) });
const million = (project: string, tokens: number) =>
  session({
    sessionId: project,
    project,
    context: context(tokens, { line: line(967_000), windowTokens: 1_000_000 }),
  });
const idle = (project: string, minutes: number, tokens = 41_000) =>
  session({
    sessionId: project,
    project,
    state: 'idle',
    context: context(tokens),
    lastActivityAt: ago(minutes * MINUTE),
  });

describe('sessions', () => {
  test('all calm', () => {
    expect(of(calm, idle('docs-site', 4))).toEqual([
      'Nothing needs you.',
      '1 of 2 sessions working. plimsoll is the fullest, at 31 % of its line.',
    ]);
  });

  test('one near its line', () => {
    expect(of(near, calm)).toEqual([
      'api-server is at 91 % of its line: 16k tokens left.',
      '2 of 2 sessions working.',
    ]);
  });

  test('one on its way tells of the others too', () => {
    expect(of(near, million('plimsoll', 612_000))).toEqual([
      'api-server is at 91 % of its line: 16k tokens left.',
      'plimsoll is at 63 %. 2 of 2 sessions working.',
    ]);
  });

  test('a single one is not counted', () => {
    expect(of(near)[1]).toBe('It is working.');
    expect(of(calm)[1]).toBe('plimsoll is at 31 % of its line.');
  });

  test('several near their line', () => {
    const [title, detail] = of(
      million('web', 800_000),
      near,
      million('a', 590_000),
      million('b', 585_000),
    );
    expect(title).toBe('2 sessions are near their line. api-server has 16k tokens left.');
    expect(detail).toBe('web is at 83 %, a at 61 %, 1 more on the way. 4 of 4 sessions working.');
  });

  test('at the line, where the client compacts and where it is refused', () => {
    expect(of(session({ context: context(168_000) }))[0]).toBe(
      'api-server has reached its line: it may compact at any moment.',
    );
    expect(of(session({ context: context(201_000, { line: refusing() }) }))[0]).toBe(
      'api-server has reached its line: it may be refused its next request.',
    );
  });

  test('an estimate is called one', () => {
    expect(of(session({ context: context(151_203, { estimated: true }) }))[0]).toBe(
      'api-server is at about 91 % of its line: 16k tokens left.',
    );
  });

  test('a compaction is told', () => {
    const compacted = session({ state: 'compacted', context: context(3000, { estimated: true }) });
    expect(of(calm, compacted)[1]).toContain('api-server was just compacted.');
  });

  test('sessions of one project are told apart', () => {
    const twin = session({ sessionId: 'beef0000', context: context(20_000) });
    expect(of({ ...near, sessionId: '3f2a1b09' }, twin)[0]).toMatch(/^api-server 3f2a is at/);
  });

  test('only idle ones', () => {
    expect(of(idle('a', 14), idle('b', 24))).toEqual([
      'Nothing needs you: all 2 sessions are idle.',
      'The last signal came 14 min ago.',
    ]);
    expect(of(idle('a', 14))[0]).toBe('Nothing needs you: the session is idle.');
  });

  test('an idle one near its line still counts, one of earlier does not', () => {
    expect(of(idle('a', 14, 151_203))[0]).toBe('a is at 91 % of its line: 16k tokens left.');
    expect(of(idle('a', 75, 151_203))[0]).toBe('Nothing needs you: the session is idle.');
  });

  test('metrics only: neither calm nor alarm is claimed', () => {
    const blind = session({ context: null, telemetry: { events: false, metrics: true } });
    expect(of(blind)).toEqual([
      'The working session has no gauge yet.',
      '1 session sends metrics only: set OTEL_LOGS_EXPORTER=otlp and restart.',
    ]);
  });

  /// Scenario: a session of which hooks told nothing but its beginning.
  /// Guarantees: it is not said to send metrics.
  test('a session that has only begun is not taken for one of metrics', () => {
    const begun = session({ context: null, telemetry: { events: false, metrics: false } });
    expect(of(begun)[1]).toBe('It appears with the first request of a main thread.');
  });
});

describe('the resident', () => {
  test('nothing ever arrived', () => {
    expect(said(live({ lastArrivalAt: null }))[0]).toBe('Nothing has arrived yet.');
  });

  test('nothing of the last day', () => {
    expect(said(live({ lastArrivalAt: ago(50 * 60 * MINUTE) }))).toEqual([
      'Nothing needs you: no sessions in the last 24 hours.',
      'The last signal came 2 days ago.',
    ]);
  });

  test('a taken port comes before calm numbers, not before a session near its line', () => {
    const taken = { listeners: listeners({ 'otlp-http': 'portTaken' }) };
    expect(said(live({ ...taken, sessions: [calm] }))[0]).toBe(
      'Port 4318 is taken by another program.',
    );
    const [title, detail] = said(live({ ...taken, sessions: [near] }));
    expect(title).toMatch(/^api-server is at 91 %/);
    expect(detail).toContain('Port 4318 is taken by another program.');
  });

  test('two taken ports and a failed one', () => {
    const taken = listeners({ 'otlp-http': 'portTaken', 'otlp-grpc': 'portTaken' });
    expect(said(live({ listeners: taken }))[0]).toBe(
      'Ports 4318 and 4317 are taken by another program.',
    );
    expect(said(live({ listeners: listeners({ 'otlp-grpc': 'failed' }) }))[0]).toBe(
      'Plimsoll cannot receive on port 4317.',
    );
  });

  test('another fault is the sentence', () => {
    const problems = [problem({ message: 'The disk is full: free some space' })];
    const state = live({ problems, sessions: [calm] });
    expect(said(state)[0]).toBe('The disk is full: free some space.');
    expect(headline(state, NOW).told).toEqual(problems);
  });

  /// Scenario: a hint stands alone, and before a fault.
  /// Guarantees: it is never the sentence.
  test('a hint is not', () => {
    const hint = problem({ code: 'no-tray', severity: 'hint', message: 'No panel shows icons.' });
    expect(said(live({ problems: [hint], sessions: [calm] }))[0]).toBe('Nothing needs you.');
    const fault = problem({ message: 'The disk is full.' });
    expect(said(live({ problems: [hint, fault] }))[0]).toBe('The disk is full.');
  });

  test('never connected', () => {
    expect(said(INITIAL)[0]).toBe('Connecting…');
    expect(said(reduce(INITIAL, { type: 'lost', at: NOW }))[0]).toBe('Plimsoll does not answer.');
  });

  /// Scenario: the stream broke three minutes ago, on a machine whose clock is an hour behind the server's.
  /// Guarantees: the sentence gives the local time of the loss and an age that keeps counting.
  test('connection lost', () => {
    const behind = 60 * MINUTE;
    const before = reduce(INITIAL, {
      type: 'snapshot',
      at: NOW - behind,
      data: snapshot({ sessions: [near] }),
    });
    const lost = reduce(before, { type: 'lost', at: NOW - behind });
    const clock = new Date(NOW - behind).toTimeString().slice(0, 5);
    expect(said(lost, NOW + 3 * MINUTE)).toEqual([
      `Not connected: numbers are from ${clock}, 3 min ago.`,
      'Plimsoll does not answer; this page keeps trying. Then, api-server was at 91 % of its line.',
    ]);
    expect(said(lost, NOW + 4 * MINUTE)[0]).toContain('4 min ago');
  });
});

test('the title of the window names the fullest', () => {
  const title = (state: LiveState) => documentTitle(state, NOW).replaceAll('\u00a0', ' ');
  const state = live({ sessions: [calm, near] });
  expect(title(state)).toBe('91 % api-server · Plimsoll');
  expect(title(reduce(state, { type: 'lost', at: NOW }))).toBe('Not connected · Plimsoll');
  expect([title(INITIAL), title(live({}))]).toEqual(['Plimsoll', 'Plimsoll']);
});

describe('while history is read', () => {
  /// Scenario: no session is known yet, with and without telemetry of earlier; then it is read; then a session is known.
  /// Guarantees: the absence of sessions is not claimed before they can be known; a session is told as ever.
  test('no session is missed', () => {
    const reading = 'Reading history.';
    expect(said(live({ lastArrivalAt: null, backfill: backfill() }))[0]).toBe(reading);
    expect(said(live({ backfill: backfill() }))[0]).toBe(reading);
    const ended = backfill({ endedAt: ago(0) });
    expect(said(live({ lastArrivalAt: null, backfill: ended }))[0]).toBe(
      'Nothing has arrived yet.',
    );
    expect(said(live({ sessions: [calm], backfill: backfill() }))[0]).toBe('Nothing needs you.');
  });
});
