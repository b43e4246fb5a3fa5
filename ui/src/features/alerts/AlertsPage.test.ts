// @vitest-environment jsdom
import '../../testing/page';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Alert, Compaction, Silence } from '../../lib/api/types';
import { FakeEventSource } from '../../testing/eventSource';
import { ago, checkpoint, reached, session } from '../../testing/fixtures';
import { alert, compaction, outcome, silence } from '../../testing/ledgers';
import { answers, asked, hasButton, json, open, press, refusal } from '../../testing/server';
import { pass, say, settle, show, text } from '../../testing/stage';

let alerts: Alert[];
let compactions: Compaction[];
let silences: Silence[];

const entries = (ledger: string) =>
  [...document.querySelectorAll(`[aria-labelledby=${ledger}] .entry`)].map((entry) =>
    entry.textContent?.replaceAll('\u00a0', ' ').replace(/\s+/g, ' ').trim(),
  );
const many = (count: number) =>
  Array.from({ length: count }, (_, at) => alert({ revision: 900 - at, at: ago(at * 3_600_000) }));

beforeEach(() => {
  [alerts, compactions, silences] = [[], [], []];
  answers['GET /api/v1/alerts'] = (_, path) => {
    const query = new URLSearchParams(path.split('?')[1]);
    const before = Number(query.get('before') ?? Infinity);
    const below = alerts.filter(({ revision }) => revision < before);
    const page = below.slice(0, Number(query.get('limit')));
    const next = below.length > page.length ? (page.at(-1)?.revision ?? null) : null;
    return json({ alerts: page, next });
  };
  answers['GET /api/v1/compactions'] = () => json({ compactions, next: null });
  answers['GET /api/v1/quiet'] = () => json({ silences });
});

describe('the page', () => {
  /// Scenario: nothing was ever alerted or compacted, nothing is quiet.
  /// Guarantees: each of it is said in words; no zero, no empty list.
  test('says that nothing has happened', async () => {
    await open('#/alerts');
    expect(text('h1')).toBe('No compaction so far.');
    expect(text('main')).toContain('No level spoke so far.');
    expect(text('[aria-label=Quiet]')).toMatch(/^Nothing is muted or snoozed\./);
    expect(document.querySelector('main ol')).toBeNull();
    expect([document.title, text('nav [aria-current=page]')]).toEqual([
      'Alerts · Plimsoll',
      'Alerts',
    ]);
  });

  /// Scenario: an alert with outcomes that was acknowledged, one of a subagent; two compactions, one unprepared.
  /// Guarantees: the answer first; every entry in words, with its age and the way to its session.
  test('lists what happened', async () => {
    const done = [outcome('notification', 'done'), outcome('command', 'failed', 'exit 7: no disk')];
    alerts = [
      alert({ outcomes: done, acknowledgedAt: ago(2 * 60_000) }),
      alert({
        revision: 380,
        agentId: 'a41c0de9',
        level: 'notice',
        outcomes: [],
        turnsLeft: null,
        project: null,
      }),
    ];
    compactions = [compaction(), compaction({ at: ago(3_600_000), checkpointAt: null })];
    await open('#/alerts');
    expect(text('h1')).toBe('1 of the last 2 compactions came after an acknowledged checkpoint.');
    expect(text('.said p')).toBe(
      'The last one, of api-server 5 min ago, was automatic and prepared.',
    );
    const [first, second] = entries('alerts');
    for (const part of [
      'checkpoint api-server 3f2a',
      '· 3 min ago',
      '151k of 167k · 91 % · 4 turns, 11 min left',
      'acknowledged after 1 min',
      'notification shown',
      'command failed exit 7: no disk',
    ]) {
      expect(first).toContain(part);
    }
    expect(second).toMatch(
      /^notice 3f2a1b09 subagent a41c.*no forecast.*not acknowledged.*no action$/,
    );
    const [prepared, unprepared] = entries('compactions');
    expect(prepared).toMatch(
      /^api-server 3f2a automatic .* 5 min ago 166k → 24k · \$0.124 · 38 s prepared urgent spoke before · checkpoint 1 min before$/,
    );
    expect(unprepared).toMatch(/1 h ago.*unprepared urgent spoke before · no checkpoint$/);
    expect(document.querySelector('.entry a')?.getAttribute('href')).toBe(
      `/#/session/${session().sessionId}`,
    );
  });

  /// Scenario: a command that printed a lot.
  /// Guarantees: all of it can be unfolded.
  test('folds what is long', async () => {
    const printed = `exit 1: ${'x'.repeat(100)}\nthe end`;
    alerts = [alert({ outcomes: [outcome('command', 'failed', printed)] })];
    await open('#/alerts');
    expect(document.querySelector('.entry details pre')?.textContent).toBe(printed);
    expect(document.querySelector('.entry details')?.hasAttribute('open')).toBe(false);
  });
});

describe('what happens meanwhile', () => {
  /// Scenario: a level speaks, a checkpoint is acknowledged, a compaction comes while the page is open.
  /// Guarantees: both ledgers and the sentence follow each; entries that were there stay the same elements.
  test('is followed without a flicker', async () => {
    alerts = [alert({ at: ago(3_600_000) })];
    await open('#/alerts');
    show(session());
    await settle();
    const kept = document.querySelector('.entry');
    alerts = [alert({ revision: 500, level: 'urgent', at: ago(0) }), ...alerts];
    say('session.level', reached({ revision: 500 }));
    await settle();
    expect(entries('alerts')).toHaveLength(2);
    expect(document.querySelectorAll('.entry')[1]).toBe(kept);

    alerts = alerts.map((one) => ({ ...one, acknowledgedAt: ago(-40_000) }));
    say('checkpoint.acknowledged', checkpoint());
    await settle();
    expect(entries('alerts')[0]).toContain('acknowledged after 40 s');

    compactions = [compaction()];
    say('session.compacted', { sessionId: 'a', project: null, compactions: 1, context: null });
    await settle();
    expect(text('h1')).toMatch(/^The only compaction so far came after/);
    expect(document.querySelectorAll('.entry')[1]).toBe(kept);
  });

  /// Scenario: the command of an alert still runs; it ends, of which no event tells.
  /// Guarantees: the page looks until that is known, and no longer.
  test('is looked for while more is to come', async () => {
    alerts = [alert({ at: ago(90_000), outcomes: [outcome('command', 'begun')] })];
    await open('#/alerts');
    expect(entries('alerts')[0]).toContain('command begun');
    alerts = [alert({ at: ago(90_000), outcomes: [outcome('command', 'done', 'exit 0')] })];
    pass(4000);
    await settle();
    expect(entries('alerts')[0]).toContain('command done exit 0');
    const before = asked.filter((path) => path.includes('/alerts')).length;
    pass(60_000);
    await settle();
    expect(asked.filter((path) => path.includes('/alerts'))).toHaveLength(before);
  });

  /// Scenario: the connection breaks.
  /// Guarantees: what was read stays, and is said to be old.
  test('is not claimed without a connection', async () => {
    alerts = [alert()];
    await open('#/alerts');
    show(session());
    await settle();
    expect(text('.said p')).not.toContain('Not connected');
    FakeEventSource.latest.fail(FakeEventSource.CLOSED);
    await settle();
    expect(text('.said p')).toContain('Not connected: what has happened since is not here.');
    expect(entries('alerts')).toHaveLength(1);
  });
});

describe('older entries', () => {
  /// Scenario: more alerts than fit on a page; the next page is asked for; then one more comes.
  /// Guarantees: each page follows the last; what was read below stays when the ledger is renewed.
  test('are read page by page', async () => {
    alerts = many(25);
    await open('#/alerts');
    expect(entries('alerts')).toHaveLength(10);
    await press('Show older');
    expect(asked.filter((path) => path.includes('before'))).toEqual([
      'GET /api/v1/alerts?limit=10&before=891',
    ]);
    expect(entries('alerts')).toHaveLength(20);
    alerts = [alert({ revision: 901, level: 'urgent' }), ...alerts];
    say('session.level', reached({ revision: 901 }));
    await settle();
    expect(entries('alerts')).toHaveLength(21);
    await press('Show older');
    expect([entries('alerts').length, hasButton('Show older')]).toEqual([26, false]);
  });

  /// Scenario: the books cannot be read; then they can.
  /// Guarantees: the server's sentence, no empty ledger; trying again works.
  test('may be out of reach', async () => {
    const works = answers['GET /api/v1/alerts'];
    answers['GET /api/v1/alerts'] = () => refusal('ledger-busy', 'The books are busy.', 503);
    await open('#/alerts');
    expect(text('[aria-labelledby=alerts] [role=alert]')).toContain('The books are busy.');
    expect(text('main')).not.toContain('No level spoke');
    if (works !== undefined) answers['GET /api/v1/alerts'] = works;
    await press('Try again');
    expect(text('[aria-labelledby=alerts]')).toContain('No level spoke so far.');
    expect(document.querySelector('[role=alert]')).toBeNull();
  });
});

describe('quiet', () => {
  /// Scenario: a project is muted; all sessions are snoozed on the page; the snooze runs out; the mute is taken back.
  /// Guarantees: every wish is sent as it is meant, and shown with its end for as long as it holds.
  test('is shown, wished for and taken back', async () => {
    silences = [silence({ projectPath: '/home/dana/work/web' })];
    answers['POST /api/v1/quiet'] = (body) => {
      const { minutes, projectPath = null } = body as { minutes?: number; projectPath?: string };
      silences = silences.filter((one) => one.projectPath !== projectPath);
      if (minutes !== 0) silences.push(silence({ until: ago(-(minutes ?? 0) * 60_000) }));
      return json({ silences });
    };
    await open('#/alerts');
    expect(text('[aria-label=Quiet] li')).toBe('Project web: muted Unmute project');
    await press('Snooze all 30 min');
    expect(asked).toContain('POST /api/v1/quiet {"minutes":30}');
    expect(text('[aria-label=Quiet] li:last-child')).toMatch(
      /^All sessions: snoozed until \d\d:\d\d, 30 min left End snooze of all sessions$/,
    );
    expect(hasButton('Snooze all 30 min')).toBe(false);
    pass(30 * 60_000);
    expect(hasButton('Snooze all 30 min')).toBe(true);
    await press('Unmute project');
    expect(asked).toContain('POST /api/v1/quiet {"minutes":0,"projectPath":"/home/dana/work/web"}');
    expect(text('[aria-label=Quiet]')).toMatch(/^Nothing is muted or snoozed\./);
  });

  /// Scenario: a system on which pages may not ask for changes.
  /// Guarantees: the page says so, and which command does it.
  test('that is refused says what does it', async () => {
    answers['POST /api/v1/quiet'] = () => refusal('key-needed', 'Show the key.', 401);
    await open('#/alerts');
    await press('Snooze all 30 min');
    expect(text('[aria-label=Quiet] [role=alert]')).toContain('plimsoll quiet in a terminal');
  });
});
