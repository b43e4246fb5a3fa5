// @vitest-environment jsdom
import './testing/page';
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import Popover from './Popover.svelte';
import { INITIAL } from './lib/api/live';
import { quiet } from './features/quiet/quiet.svelte';
import type { Silence } from './lib/api/types';
import { clock } from './lib/clock.svelte';
import { live } from './lib/live.svelte';
import { FakeEventSource } from './testing/eventSource';
import {
  ago,
  backfill,
  change,
  checkpoint,
  context,
  forecast,
  learned,
  listeners,
  NOW,
  problem,
  reached,
  session,
  snapshot,
  subagent,
  tokensOf,
  usage,
} from './testing/fixtures';
import { silence } from './testing/ledgers';
import { pass, say, settle, show, text } from './testing/stage';

const HOUR = 3_600_000;
let page: Record<string, unknown>;
/** What is quiet, and what was wished for. */
let silences: Silence[] | null;
let wished: unknown[];

const rows = () => [...document.querySelectorAll<HTMLElement>('[data-session]')];
const links = () => [...document.querySelectorAll('a')].map((link) => link.getAttribute('href'));

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
  clock.now = NOW;
  silences = [];
  wished = [];
  vi.stubGlobal('fetch', async (path: string, init: RequestInit = {}) => {
    if (init.method === 'POST') wished.push(JSON.parse(String(init.body)));
    if (!path.endsWith('/quiet')) return new Response('{}');
    return new Response(JSON.stringify({ silences }), { status: silences === null ? 503 : 200 });
  });
  document.body.innerHTML = '<div id="app"></div>';
  page = mount(Popover, { target: document.getElementById('app') as HTMLElement });
  flushSync();
});

afterEach(async () => {
  await unmount(page);
  live.state = INITIAL;
  quiet.forget();
  vi.useRealTimers();
});

describe('loading', () => {
  /// Scenario: the numbers come at once, as they mostly do.
  /// Guarantees: nothing else is shown before them.
  test('shows nothing that would be replaced at once', () => {
    expect(document.querySelector('.popover')).toBeNull();
    show(session());
    expect(text('h1')).toBe('Nothing needs you.');
  });

  /// Scenario: the server takes its time.
  /// Guarantees: the page says that it asks, and shows no numbers.
  test('says that it asks', () => {
    pass(300);
    expect(text('h1')).toBe('Connecting…');
    expect([rows(), links()]).toEqual([[], []]);
  });
});

describe('empty', () => {
  /// Scenario: nothing has ever arrived.
  /// Guarantees: what to do stands there, with the way to the dashboard's steps; no zeros of today.
  test('says what to do', () => {
    say('snapshot', snapshot({ lastArrivalAt: null }));
    expect(text('h1')).toBe('Nothing has arrived yet.');
    expect(text('[aria-label="How to begin"]')).toContain('Tell Claude Code where to report');
    expect(links()).toEqual(['/#/', '/']);
    expect([text('#today'), text('.foot p')]).toEqual([undefined, 'Receiver: listening']);
  });

  /// Scenario: the only sessions have been idle for hours.
  /// Guarantees: they are not listed, but counted, with the way to them.
  test('counts earlier sessions', () => {
    const idle = (sessionId: string) =>
      session({ sessionId, state: 'idle', lastActivityAt: ago(2 * HOUR) });
    show(idle('a'), idle('b'));
    expect([rows().length, text('.earlier a')]).toEqual([0, '2 earlier sessions']);
    show(idle('a'), session());
    expect([rows().length, text('.earlier')]).toEqual([1, undefined]);
  });
});

describe('live', () => {
  /// Scenario: a session on its way, with five subagents.
  /// Guarantees: everything a glance needs is there, three subagents and how many more; its link leads to it.
  test('shows a session', () => {
    const agents = ['Explore', 'tests', 'docs', 'lint', 'review'].map((name) =>
      subagent({ name, agentId: name }),
    );
    show(session({ context: context(151_203), subagents: agents }));
    const row = text('[data-session]') ?? '';
    for (const part of [
      'api-server',
      'fix/retry',
      'Opus 4.6',
      'checkpoint',
      '151k of 167k · 16k left',
      'working · 2 s ago',
      'Explore 34k',
      'docs 34k',
      'and 2 more',
    ]) {
      expect(row).toContain(part);
    }
    expect(row).not.toContain('lint');
    const gauge = document.querySelector('[role=img][data-percent]');
    expect(gauge?.getAttribute('aria-label')).toMatch(/^151k of 167k tokens, 91.% of the way/);
    expect(links()).toEqual([`/#/session/${session().sessionId}`, '/']);
    expect(document.title.replaceAll('\u00a0', ' ')).toBe('91 % api-server · Plimsoll');
  });

  /// Scenario: a session near its line of whose growth enough is known.
  /// Guarantees: a glance tells what is left by turns and time, what went in since, and how the line is known.
  test('tells what is left by its growth', () => {
    const far = { line: learned(12), addedTokens: 1200, forecast: forecast(4, 11) };
    show(session({ context: context(151_203, far), checkpoint: checkpoint() }));
    expect(text('.figures')).toBe(
      '151k of 167k ≈ +1.2k · 4 turns, 11 min working · 2 s ago line learned from 12',
    );
    expect(text('.saved')).toBe('checkpoint saved 3 min ago');
    show(session({ context: context(168_000, far) }));
    expect(text('.figures p')).toBe('168k of 167k ≈ +1.2k · at the line');
  });

  /// Scenario: a session moves on, and time passes.
  /// Guarantees: gauge, sentence and every age follow.
  test('follows changes and counts ages', () => {
    show(session());
    pass(5000);
    expect([text('.state'), text('.foot p')]).toEqual([
      'working · 7 s ago',
      'Receiver: last signal 7 s ago',
    ]);
    say('change', change([session({ context: context(160_000) })]));
    expect(document.querySelector('[data-occupancy="160000"]')).not.toBeNull();
    expect(text('h1')).toBe('api-server is at 96 % of its line: 7k tokens left.');
  });

  /// Scenario: some of today's requests have no price, and metrics know of more tokens.
  /// Guarantees: tokens, cost and split are told, and what the cost leaves out.
  test('tells of today', () => {
    const used = usage({ unpricedRequests: 3, unattributed: tokensOf(12_000) });
    say('snapshot', snapshot({ today: { from: ago(HOUR), timeZone: 'UTC', usage: used } }));
    const today = text('[aria-labelledby=today]') ?? '';
    expect(today).toContain('2.2M tokens · 92 % from cache $2.40');
    expect(today).toContain('fresh 2.3k re-read 2M written 167k output 5.6k');
    expect(today).toContain('3 requests without a price · 12k from metrics only');
  });

  /// Scenario: metrics only, without project and price; an estimate after a compaction.
  /// Guarantees: the unknown is told as unknown, the estimate as one.
  test('never shows a zero for unknown', () => {
    const blind = session({
      project: null,
      context: null,
      telemetry: { events: false, metrics: true },
    });
    const fresh = session({
      sessionId: 'c',
      state: 'compacted',
      context: context(3400, { estimated: true }),
      source: { kind: 'statusLine', reason: 'telemetryOff', since: null },
    });
    show(fresh, blind);
    const [estimated, unknown] = rows().map((row) => row.textContent?.replace(/\s+/g, ' ') ?? '');
    expect(estimated).toContain('≈ 3.4k of 167k · estimated');
    expect(estimated).toContain('estimated from the status line · telemetry off');
    expect(unknown).toContain('3f2a1b09');
    expect(unknown).toContain('this session sends metrics only. Set OTEL_LOGS_EXPORTER=otlp');
    expect(rows()[1]?.querySelector('[data-percent]')).toBeNull();
  });

  /// Scenario: a level is reached while someone listens to the page.
  /// Guarantees: it is spoken, politely.
  test('announces levels', () => {
    show(session());
    const told = { level: 'notice', percentOfLine: 60.4, turnsLeft: 0 } as const;
    say('session.level', reached({ ...told, agentId: 'a1' }));
    expect(text('.unseen[aria-live=polite]')).toBe(
      'A subagent of api-server reached notice: 60 % of its line, at the line.',
    );
  });
});

describe('many', () => {
  /// Scenario: twelve sessions in the server's order, the last of them of earlier.
  /// Guarantees: those of now are all there in that order, told apart by name; head and button stay outside of
  /// what scrolls.
  test('lists all in order', () => {
    const ids = Array.from({ length: 12 }, (_, index) => `${index}abc`.padStart(5, '0'));
    const earlier = { state: 'idle', lastActivityAt: ago(2 * HOUR) } as const;
    const all = ids.map((sessionId, index) =>
      session({ sessionId, context: context(150_000 - index), ...(index === 11 ? earlier : {}) }),
    );
    show(...all);
    expect(rows().map((row) => row.dataset.session)).toEqual(ids.slice(0, 11));
    expect(rows()[0]?.querySelector('h3')?.textContent).toBe('api-server00ab');
    expect(document.querySelector('.scroll h1, .scroll [href="/"]')).toBeNull();
  });

  /// Scenario: a click beside the link of a row.
  /// Guarantees: the whole row leads to the session.
  test('a row is as good as its link', () => {
    show(session());
    const followed = vi.fn((event: Event) => event.preventDefault());
    document.querySelector('h3 a')?.addEventListener('click', followed);
    document.querySelector<HTMLElement>('.figures')?.click();
    expect(followed).toHaveBeenCalledOnce();
  });
});

describe('wrong', () => {
  /// Scenario: a fault and a hint, with a session near its line; then the session is calm.
  /// Guarantees: both are listed, the hint quietly and last; what the sentence tells is not told again.
  test('tells problems and hints', () => {
    const hint = problem({ code: 'no-tray', severity: 'hint', message: 'No panel shows icons.' });
    const problems = [hint, problem()];
    say('snapshot', snapshot({ problems, sessions: [session({ context: context(151_203) })] }));
    expect(text('h1')).toMatch(/^api-server is at 91 %/);
    expect(text('.fault')).toBe('The ledger is locked by another program. for 3 min');
    expect(text('.hint.quiet')).toBe('No panel shows icons.');
    const order = [...document.querySelectorAll('.scroll section')].map((section) =>
      section.getAttribute('aria-label'),
    );
    expect(order).toEqual(['Problems', 'Sessions', 'Hints']);

    say('snapshot', snapshot({ problems, sessions: [session()] }));
    expect(text('h1')).toBe('The ledger is locked by another program.');
    expect([text('.fault'), text('.hint')]).toEqual([undefined, 'No panel shows icons.']);
  });

  /// Scenario: another program has the receiver's port.
  /// Guarantees: the sentence and the receiver's line say so, by word and shape; it is not told a third time.
  test('tells of a taken port', () => {
    const taken = problem({ code: 'port-taken', message: 'Port 4318 is taken.' });
    say(
      'snapshot',
      snapshot({ listeners: listeners({ 'otlp-http': 'portTaken' }), problems: [taken] }),
    );
    expect(text('h1')).toBe('Port 4318 is taken by another program.');
    expect(text('.foot .wrong')).toBe('Receiver: port 4318 taken');
    expect(document.querySelector('.foot .wrong path')).not.toBeNull();
    expect(text('.fault')).toBeUndefined();
  });
});

describe('stale', () => {
  /// Scenario: the stream breaks and comes back.
  /// Guarantees: the last numbers stay, said to be old, ages count on; the new snapshot ends it.
  test('says how old the numbers are and recovers', () => {
    show(session());
    FakeEventSource.latest.fail(FakeEventSource.CLOSED);
    pass(200_000);
    expect(text('h1')).toMatch(/^Not connected: numbers are from \d\d:\d\d, 3 min ago\.$/);
    expect([text('.state'), text('.foot p')]).toEqual([
      'was working · 3 min ago',
      'Receiver: not connected',
    ]);
    expect(document.querySelector('main')?.dataset.connection).toBe('lost');
    show(session({ context: context(60_000) }));
    expect(text('h1')).toBe('Nothing needs you.');
  });

  /// Scenario: no resident from the start.
  /// Guarantees: the page says how to start one, and offers nothing that cannot work.
  test('says that nobody answers', () => {
    FakeEventSource.latest.fail(FakeEventSource.CLOSED);
    flushSync();
    expect(text('h1')).toBe('Plimsoll does not answer.');
    expect(links()).toEqual([]);
  });
});

describe('history', () => {
  /// Scenario: history is read for the first time.
  /// Guarantees: one line with what matters, and the bar.
  test('is one line', () => {
    say('snapshot', snapshot({ lastArrivalAt: null, backfill: backfill() }));
    expect(text('h1')).toBe('Reading history.');
    expect(text('[aria-label=History] p')).toBe('25 % · about 6 s left');
    expect(document.querySelector('[role=progressbar]')?.getAttribute('aria-valuenow')).toBe('25');
  });
});

describe('quiet', () => {
  const ID = session().sessionId;
  const PATH = session().projectPath;
  const soon = ago(-28 * 60_000);
  const line = () => text('[aria-label=Quiet]');
  const marks = () => rows().map((row) => row.querySelector('.held')?.textContent?.trim());
  const button = (label: string) =>
    document.querySelector<HTMLElement>(`button[aria-label^="${label}"]`);

  /** The page looks again, and sees this. */
  async function hold(held: Silence[] | null): Promise<void> {
    await settle();
    silences = held;
    quiet.forget();
    document.dispatchEvent(new Event('visibilitychange'));
    await settle();
  }

  async function press(label: string): Promise<void> {
    button(label)?.focus();
    button(label)?.click();
    await settle();
  }

  /// Scenario: nothing is quiet; or nobody can tell.
  /// Guarantees: not a word of it; a snooze is offered for a session only where it is known.
  test('is not spoken of while nothing is', async () => {
    show(session());
    await hold([]);
    expect([line(), marks()]).toEqual([undefined, [undefined]]);
    expect(button('Snooze api-server 30 min')).not.toBeNull();
  });

  test('is not spoken of where nobody can tell', async () => {
    show(session());
    await hold(null);
    expect([line(), marks(), button('Snooze')]).toEqual([undefined, [undefined], null]);
  });

  /// Scenario: everything is snoozed.
  /// Guarantees: one line says until when and takes it back; the focus stays below, the rows say nothing of their own.
  test('of everything is one line', async () => {
    show(session());
    await hold([silence({ until: soon })]);
    expect(line()).toMatch(/^All sessions: snoozed until \d\d:\d\d End$/);
    expect([marks(), button('Snooze')]).toEqual([[undefined], null]);
    silences = [];
    await press('End snooze: All sessions');
    expect([wished, line()]).toEqual([[{ minutes: 0 }], undefined]);
    expect(document.activeElement?.textContent).toBe('Open dashboard');
  });

  /// Scenario: a session, its project and three others are quiet.
  /// Guarantees: its row says so; two lines, the widest first, and how many more with the way to them.
  test('of a session is said at its row', async () => {
    const others = ['/x/web', '/x/docs', '/x/old'].map((projectPath) => silence({ projectPath }));
    show(session(), session({ sessionId: 'other', projectPath: '/elsewhere' }));
    await hold([
      silence({ sessionId: ID, until: soon }),
      silence({ projectPath: PATH }),
      ...others,
    ]);
    expect(marks()).toEqual(['notifications held back', undefined]);
    expect(document.querySelector<HTMLElement>('.held')?.title).toContain('project muted');
    expect(document.querySelectorAll('[aria-label=Quiet] li')).toHaveLength(2);
    expect(line()).toMatch(/^Project api-server: muted Unmute Project web: muted Unmute/);
    expect(text('[aria-label=Quiet] a')).toBe('and 3 more');
    expect(links()).toContain('/#/alerts');
    expect(document.querySelectorAll('.snooze')).toHaveLength(1);
  });

  /// Scenario: a session is snoozed from its row by the keyboard.
  /// Guarantees: that session, for half an hour; its row says so, and the focus stays in it.
  test('is wished for at a row', async () => {
    show(session());
    await settle();
    silences = [silence({ sessionId: ID, until: ago(-30 * 60_000) })];
    await press('Snooze api-server');
    expect(wished).toEqual([{ sessionId: ID, minutes: 30 }]);
    expect(marks()).toEqual(['notifications held back']);
    expect(document.activeElement?.textContent).toBe('api-server');
    expect(line()).toMatch(/^Session api-server: snoozed until \d\d:\d\d End$/);
  });

  /// Scenario: the wish is refused; then the connection is lost.
  /// Guarantees: why is said; nothing is offered that cannot work.
  test('that cannot be had is told', async () => {
    show(session());
    await settle();
    silences = null;
    await press('Snooze api-server');
    expect(text('[aria-label=Quiet] [role=alert]')).not.toBe('');
    FakeEventSource.latest.fail(FakeEventSource.CLOSED);
    flushSync();
    expect([line(), button('Snooze')]).toEqual([undefined, null]);
  });
});
