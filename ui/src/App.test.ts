// @vitest-environment jsdom
import './testing/page';
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import App from './App.svelte';
import { live } from './lib/live.svelte';
import { clock } from './lib/clock.svelte';
import { INITIAL } from './lib/api/live';
import type { RunningClient, UsageRecord } from './lib/api/types';
import { FakeEventSource } from './testing/eventSource';
import { untouched } from './testing/ledgers';
import { client, doctor } from './testing/setup';
import { pass, say, settle, show, text } from './testing/stage';
import {
  ago,
  backfill,
  change,
  checkpoint,
  context,
  forecast,
  learned,
  NOW,
  problem,
  reached,
  record,
  refusing,
  session,
  snapshot,
  subagent,
  tokensOf,
  usage,
} from './testing/fixtures';

let page: Record<string, unknown>;
let answers: (path: string) => Response;
let clients: RunningClient[];

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
  clock.now = NOW;
  answers = () => json({ records: [], next: null, cursor: 0 });
  clients = [];
  vi.stubGlobal('fetch', (path: string) => {
    if (path === '/api/v1/doctor') return Promise.resolve(json(doctor(clients)));
    const nothing = untouched(path);
    return Promise.resolve(nothing === undefined ? answers(path) : json(nothing));
  });
  location.hash = '';
  document.body.innerHTML = '<div id="app"></div>';
  page = mount(App, { target: document.getElementById('app') as HTMLElement });
  flushSync();
});

afterEach(async () => {
  await unmount(page);
  live.state = INITIAL;
  vi.useRealTimers();
});

describe('empty', () => {
  /// Scenario: nothing has ever arrived.
  /// Guarantees: the page says so and what to do, with the address that really listens.
  test('shows what to do', () => {
    expect(text('h1')).toBe('Connecting…');
    say('snapshot', snapshot({ lastArrivalAt: null }));
    expect(text('h1')).toBe('Nothing has arrived yet.');
    expect(text('[data-testid=settings]')).toContain(
      '"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"',
    );
    expect(document.body.textContent).toContain('Restart the sessions that are running');
  });

  /// Scenario: nothing has arrived, clients run that need a restart; sessions are known from transcripts, or not.
  /// Guarantees: what the clients need stands there with the way to connect, above the sessions where there are some.
  test('says what running clients need', async () => {
    clients = [client({ state: 'needs-restart' }), client({ pid: 2, state: 'needs-restart' })];
    say('snapshot', snapshot({ lastArrivalAt: null }));
    await settle();
    expect(text('.list')).toMatch(
      /^2 clients are running; restart them to be seen exactly\. Connect/,
    );
    expect(document.querySelector('.list a')?.getAttribute('href')).toBe('/#/connect');
    say('snapshot', snapshot({ lastArrivalAt: null, sessions: [session()] }));
    await settle();
    expect(text('.list')).toMatch(/^2 clients are running; .* Connect api-server/);
    show(session());
    expect(text('.list')).not.toContain('clients');
  });

  /// Scenario: the clipboard is open to the page, and closed.
  /// Guarantees: the block is copied; else it is selected and the page says which keys copy it.
  test('copies the settings', async () => {
    say('snapshot', snapshot({ lastArrivalAt: null }));
    const copied = vi.fn(() => Promise.resolve());
    vi.stubGlobal('navigator', { ...navigator, clipboard: { writeText: copied } });
    const button = document.querySelector<HTMLElement>('.copy button');
    button?.click();
    await settle();
    expect([copied.mock.lastCall, text('.copy span')]).toEqual([
      [document.querySelector('pre')?.textContent],
      'Copied',
    ]);
    copied.mockRejectedValueOnce(new Error('denied'));
    button?.click();
    await settle();
    expect(text('.copy span')).toBe('Selected: press Ctrl+C');
    expect(getSelection()?.toString()).toContain('CLAUDE_CODE_ENABLE_TELEMETRY');
  });
});

describe('live', () => {
  /// Scenario: a session with subagents.
  /// Guarantees: everything the list promises is there, in words and as a gauge.
  test('shows a session', () => {
    show(session({ context: context(151_203), subagents: [subagent()] }));
    const row = text('[data-session]');
    for (const part of [
      'api-server',
      'fix/retry',
      'Opus 4.6',
      'checkpoint',
      '151k of 167k',
      '91 %',
      '16k left',
    ]) {
      expect(row).toContain(part);
    }
    for (const part of [
      '$2.40',
      '2.2M tokens',
      'line assumed',
      'working · 2 s ago',
      'Explore 34k',
    ]) {
      expect(row).toContain(part);
    }
    const gauge = document.querySelector('[role=img][data-percent]');
    expect(gauge?.getAttribute('aria-label')).toMatch(/^151k of 167k tokens, 91.% of the way/);
    expect(document.title.replaceAll('\u00a0', ' ')).toBe('91 % api-server · Plimsoll');
  });

  /// Scenario: a session of whose growth enough is known, with a line that was learned, results of tools that went in,
  /// and an acknowledged checkpoint; then one where nothing of that is so and the API refuses.
  /// Guarantees: each is told in words, with how sure it is on hover; the gauge is lengthened; what is not known is
  /// not told.
  test('tells what is left, added and saved', () => {
    const far = { line: learned(12), addedTokens: 1200, forecast: forecast(4, 11) };
    show(session({ context: context(151_203, far), checkpoint: checkpoint() }));
    expect(text('h1')).toBe('api-server is about 4 turns from compacting.');
    expect(text('.figures p')).toBe('151k of 167k ≈ +1.2k · 91 % · 4 turns, 11 min');
    const hints = [...document.querySelectorAll('.figures [title]')].map((each) =>
      each.getAttribute('title')?.replaceAll('\u00a0', ' '),
    );
    expect(hints[0]).toContain('15,797 left');
    expect(hints[1]).toMatch(/^About 1,200 tokens went in/);
    expect(hints[2]).toMatch(/^3 to 6 turns, 8 to 16 min of work/);
    expect(text('.books')).toContain('line learned from 12');
    expect(document.querySelector('.books [title="learned from 12 compactions"]')).not.toBeNull();
    expect(document.querySelector<SVGElement>('.gauge .added')?.style.width).toBe('0.6%');
    expect(text('.saved')).toBe('checkpoint saved 3 min ago');

    show(session({ context: context(190_000, { line: refusing() }) }));
    expect(text('.figures p')).toBe('190k of 200k · 95 % · 10k left');
    expect(text('.books')).toContain('line assumed · API refuses');
    expect([text('.saved'), document.querySelector('.gauge .added')]).toEqual([undefined, null]);
  });

  /// Scenario: the client left a session; then the connection breaks.
  /// Guarantees: it is said to have ended, since when, and does not become a thing of the past twice.
  test('says that a session has ended', () => {
    show(session({ state: 'idle', endedAt: ago(5 * 60_000) }));
    expect(text('.state')).toBe('ended · 5 min ago');
    FakeEventSource.latest.fail(FakeEventSource.CLOSED);
    flushSync();
    expect(text('.state')).toBe('ended · 5 min ago');
  });

  /// Scenario: a session moves on.
  /// Guarantees: gauge, sentence and age follow; ages count on in between.
  test('follows changes and counts ages', () => {
    show(session());
    pass(5000);
    expect(text('.state')).toBe('working · 7 s ago');
    const fuller = session({
      context: context(160_000),
      lastActivityAt: new Date(Date.now()).toISOString(),
    });
    say('change', change([fuller], { asOf: new Date(Date.now()).toISOString() }));
    expect(document.querySelector('[data-occupancy]')?.getAttribute('data-occupancy')).toBe(
      '160000',
    );
    expect(text('h1')).toBe('api-server is at 96 % of its line: 7k tokens left.');
    expect(text('.state')).toBe('working · just now');
  });

  /// Scenario: a session that sends metrics only and has no price and no project.
  /// Guarantees: each unknown is told as unknown, with what would help; no zero, no gauge.
  test('never shows a zero for unknown', () => {
    show(
      session({
        project: null,
        context: null,
        telemetry: { events: false, metrics: true },
        usage: usage({ costNanoUsd: null, unattributed: tokensOf(10) }),
      }),
    );
    const row = text('[data-session]') ?? '';
    expect(row).toContain('3f2a1b09');
    expect(row).toContain('this session sends metrics only. Set OTEL_LOGS_EXPORTER=otlp');
    expect(row).toContain('no price');
    expect(row).not.toContain('$0');
    expect(document.querySelector('[data-percent]')).toBeNull();
  });

  /// Scenario: a session without telemetry, whose telemetry then comes; another one, chosen, that is estimated.
  /// Guarantees: where the numbers come from stands beside them, quietly, in words and with a shape, and explained in
  /// the panel; it goes by itself.
  test('marks numbers that telemetry does not tell', () => {
    const off = { kind: 'transcripts', reason: 'telemetryOff', since: null } as const;
    show(session({ source: off }));
    const mark = document.querySelector('[data-session] .source');
    expect(text('[data-session] .source')).toBe(
      'estimated from transcripts · telemetry off or needs restart',
    );
    expect([mark?.classList.contains('quiet'), mark?.querySelector('svg')]).toEqual([
      true,
      expect.anything(),
    ]);
    expect(mark?.getAttribute('title')).toMatch(/^No telemetry of this session ever came/);
    say('change', change([session()]));
    expect(text('.source')).toBeUndefined();

    const rough = { kind: 'sizes', reason: null, since: null } as const;
    const estimate = context(30_000, { estimated: true });
    show(session({ sessionId: 'rough', source: rough, context: estimate }));
    location.hash = '#/session/rough';
    window.dispatchEvent(new HashChangeEvent('hashchange'));
    flushSync();
    expect(text('.panel .source')).toMatch(
      /^estimate from sizes, about ±20 %\. Nobody tells tokens/,
    );
    expect(document.querySelector('.figures [title]')?.getAttribute('title')).toMatch(
      /an estimate from sizes$/,
    );
  });

  /// Scenario: a status line told a limit of the plan; then it is told anew; then it begins anew.
  /// Guarantees: use, end and age in words, and nothing where nothing was told.
  test('tells the limits of the plan', () => {
    const fiveHour = { usedPercent: 42, resetsAt: ago(-80 * 60_000), toldAt: ago(3 * 60_000) };
    say('snapshot', snapshot({ sessions: [session()], limits: { fiveHour, sevenDay: null } }));
    const meter = () => document.querySelector('[role=meter]');
    expect(meter()?.getAttribute('aria-valuenow')).toBe('42');
    expect(text('.limit')).toMatch(/^5-hour 42 % resets \d\d:\d\d$/);
    expect(text('aside')).toContain('limits of your plan, told 3 min ago');
    expect(text('aside')).not.toContain('7-day');
    const next = { fiveHour: { ...fiveHour, usedPercent: 51 }, sevenDay: null };
    say('change', change([session()], { limits: next }));
    expect(meter()?.getAttribute('aria-valuetext')).toMatch(/^51\s% of the 5-hour limit is used/);
    const none = { fiveHour: null, sevenDay: null };
    say('change', change([session()], { version: 3, limits: none }));
    expect(text('aside')).not.toContain('limit');
  });

  /// Scenario: a session of which hooks alone tell; a context that was emptied, of which no size was told.
  /// Guarantees: what nobody counted is no zero.
  test('makes up no zeros', () => {
    const none = usage({ tokens: tokensOf(), requests: 0, costNanoUsd: null });
    show(session({ usage: none }));
    expect(text('.books')).toMatch(/^no request counted/);
    show(session({ context: context(0, { estimated: true }) }));
    expect(text('.figures p')).toBe('Emptied: the next request tells its size.');
    expect(text('main')).not.toContain('0 %');
  });

  /// Scenario: sessions that have been idle for hours.
  /// Guarantees: they are folded and come out with the button.
  test('folds earlier sessions', () => {
    const idle = (sessionId: string) =>
      session({ sessionId, state: 'idle', lastActivityAt: ago(2 * 3_600_000) });
    show(session(), idle('x'), idle('y'));
    expect(document.querySelectorAll('[data-session]')).toHaveLength(1);
    const button = [...document.querySelectorAll('button')].find((each) =>
      each.textContent?.includes('earlier'),
    );
    expect(button?.textContent).toMatch(/Show\s+2 earlier sessions/);
    button?.click();
    flushSync();
    expect(document.querySelectorAll('[data-session]')).toHaveLength(3);
  });

  /// Scenario: a level is reached while someone listens to the page.
  /// Guarantees: it is spoken once, politely.
  test('announces levels', () => {
    show(session());
    say('session.level', reached({ level: 'notice', percentOfLine: 60.4, turnsLeft: null }));
    expect(text('.unseen[aria-live=polite]')).toBe('api-server reached notice: 60 % of its line.');
    say('session.level', reached());
    expect(text('.unseen[aria-live=polite]')).toBe(
      'api-server reached checkpoint: 91 % of its line, 4 turns, 11 min left.',
    );
  });

  /// Scenario: a fault and a hint while the session is calm.
  /// Guarantees: the fault is the sentence; the hint stands under Receiver in quiet words, without alarm.
  test('tells faults loudly and hints quietly', () => {
    const hint = problem({ code: 'no-tray', severity: 'hint', message: 'No panel shows icons.' });
    say('snapshot', snapshot({ sessions: [session()], problems: [hint] }));
    expect(text('h1')).toBe('Nothing needs you.');
    expect([text('aside .hint.quiet'), text('aside .fault')]).toEqual([hint.message, undefined]);
    say('snapshot', snapshot({ sessions: [session()], problems: [hint, problem()] }));
    expect(text('h1')).toBe('The ledger is locked by another program.');
    expect(text('aside .fault')).toBe('The ledger is locked by another program. for 3 min');
  });

  /// Scenario: the resident was updated under the open page.
  /// Guarantees: the page offers to reload.
  test('offers to reload after an update', () => {
    show(session());
    expect(document.querySelector('.updated')).toBeNull();
    say('snapshot', snapshot({ appVersion: '0.2.0' }));
    expect(text('.updated')).toContain('Plimsoll was updated to 0.2.0');
  });
});

describe('stale', () => {
  /// Scenario: the stream breaks and comes back with a new resident.
  /// Guarantees: the last numbers stay, said to be old, ages count on; the new snapshot ends it.
  test('says how old the numbers are and recovers', () => {
    show(session());
    FakeEventSource.latest.fail(FakeEventSource.CLOSED);
    pass(200_000);
    expect(text('h1')).toMatch(/^Not connected: numbers are from \d\d:\d\d, 3 min ago\.$/);
    expect(text('.state')).toBe('was working · 3 min ago');
    expect(text('aside')).toContain('not connected');
    show(session({ context: context(60_000) }));
    expect(text('h1')).toBe('Nothing needs you.');
    expect(document.querySelector('[data-occupancy="60000"]')).not.toBeNull();
  });

  /// Scenario: no resident from the start.
  /// Guarantees: the page says how to start one.
  test('says that nobody answers', () => {
    FakeEventSource.latest.fail(FakeEventSource.CLOSED);
    flushSync();
    expect(text('h1')).toBe('Plimsoll does not answer.');
    expect(text('.said p')).toContain('`plimsoll`');
  });
});

describe('the panel of a session', () => {
  const open = async (...records: UsageRecord[]) => {
    answers = () => json({ records, next: null, cursor: 1 });
    show(session({ context: context(151_203) }));
    document.querySelector<HTMLElement>('h3 a')?.click();
    await settle();
    window.dispatchEvent(new HashChangeEvent('hashchange'));
    await settle();
  };

  /// Scenario: a session is chosen, then a request is recorded, then Escape is pressed.
  /// Guarantees: facts and requests are shown, the new request on top; Escape closes.
  test('lists requests and follows them', async () => {
    await open(record());
    expect(location.hash).toBe(`#/session/${session().sessionId}`);
    expect(text('.panel dl')).toContain('151k');
    const cells = [...document.querySelectorAll('tbody td')].map((cell) =>
      cell.textContent?.trim(),
    );
    expect(cells.slice(1)).toEqual([
      'main',
      '12',
      '147,180',
      '2,801',
      '1,210',
      '151,203',
      '$0.104',
    ]);
    say(
      'usage.recorded',
      record({ id: 'req_2', timestamp: ago(0), costNanoUsd: null, revision: 401 }),
    );
    say('usage.recorded', record({ id: 'req_3', sessionId: 'another' }));
    expect(document.querySelectorAll('tbody tr')).toHaveLength(2);
    expect(text('tbody tr')).toContain('no price');
    window.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }));
    window.dispatchEvent(new HashChangeEvent('hashchange'));
    flushSync();
    expect(document.querySelector('.panel')).toBeNull();
  });

  /// Scenario: the books cannot be read at first.
  /// Guarantees: the server's own sentence is shown, and trying again works.
  test('tells of an error and tries again', async () => {
    await open();
    answers = () => json({ error: { code: 'ledger-busy', message: 'The books are busy.' } }, 503);
    show(session());
    await settle();
    expect(text('[role=alert]')).toContain('The books are busy.');
    answers = () => json({ records: [record()], next: null, cursor: 1 });
    document.querySelector<HTMLElement>('[role=alert] button')?.click();
    await settle();
    expect([
      document.querySelector('[role=alert]'),
      document.querySelectorAll('tbody tr').length,
    ]).toEqual([null, 1]);
  });

  /// Scenario: the address names a session that is not in the list and not in the books.
  /// Guarantees: the page says so beside its list.
  test('of an unknown session says so', async () => {
    answers = (path) =>
      path.includes('/sessions/')
        ? json({ error: { code: 'session-unknown', message: 'No session has this id.' } }, 404)
        : json({ records: [], next: null, cursor: 0 });
    location.hash = '#/session/nobody';
    window.dispatchEvent(new HashChangeEvent('hashchange'));
    show(session());
    await settle();
    expect(text('.panel')).toContain('No session has this id.');
    expect(document.querySelectorAll('[data-session]')).toHaveLength(1);
  });
});

describe('history', () => {
  const bar = () => document.querySelector('[role=progressbar]');

  /// Scenario: history is read for the first time, its progress is told by changes, it ends, time goes by.
  /// Guarantees: a bar with its value for every reader and words beside it; the end is told for a moment; then nothing.
  test('is shown while it is read', () => {
    say('snapshot', snapshot({ lastArrivalAt: null, backfill: backfill() }));
    expect(text('h1')).toBe('Reading history.');
    expect(bar()?.getAttribute('aria-valuenow')).toBe('25');
    expect(bar()?.getAttribute('aria-valuetext')).toContain('25');
    expect(text('[aria-label=History] p')).toBe(
      '500 of 2,000 files · 296 MB of 1.2 GB · 34,567 requests · about 6 s left',
    );

    const half = backfill({ bytesRead: 592_386_090, secondsLeft: 4 });
    say('change', change([], { lastArrivalAt: null, backfill: half }));
    expect(bar()?.getAttribute('aria-valuenow')).toBe('50');
    say('change', change([], { version: 3, lastArrivalAt: null, problems: [] }));
    expect(bar()?.getAttribute('aria-valuenow')).toBe('50');

    const ended = backfill({ endedAt: ago(0), secondsLeft: null });
    say('change', change([], { version: 4, lastArrivalAt: null, backfill: ended }));
    expect([bar(), text('[role=status]')]).toEqual([
      null,
      'History read: 34,567 requests from 2,000 files in 2 s.',
    ]);
    expect(text('h1')).toBe('Nothing has arrived yet.');
    pass(10_000);
    expect(document.querySelector('[aria-label=History]')).toBeNull();
  });

  /// Scenario: history is read while a session works.
  /// Guarantees: the sentence is about the session, and the bar says what it is of.
  test('does not hide a session', () => {
    say('snapshot', snapshot({ sessions: [session()], backfill: backfill() }));
    expect(text('h1')).toBe('Nothing needs you.');
    expect(text('[aria-label=History] p')).toMatch(/^Reading history 500 of 2,000 files/);
  });

  /// Scenario: the connection breaks while history is read.
  /// Guarantees: no bar stands there that nobody moves.
  test('is not shown without a connection', () => {
    say('snapshot', snapshot({ backfill: backfill() }));
    FakeEventSource.latest.fail(FakeEventSource.CONNECTING);
    flushSync();
    expect(bar()).toBeNull();
  });
});
