// @vitest-environment jsdom
import '../../testing/page';
import { flushSync } from 'svelte';
import { beforeEach, expect, test } from 'vitest';
import type { Session, Silence } from '../../lib/api/types';
import {
  ago,
  change,
  checkpoint,
  context,
  forecast,
  learned,
  refusing,
  session,
} from '../../testing/fixtures';
import { alert, compaction, outcome, silence, untouched } from '../../testing/ledgers';
import { answers, asked, hasButton, json, open, press, refusal } from '../../testing/server';
import { say, settle, show, text } from '../../testing/stage';

const ID = session().sessionId;
const HASH = `#/session/${ID}`;
const CHECKPOINTS = `GET /api/v1/sessions/${ID}/checkpoints`;
let silences: Silence[];

const entries = (ledger: string) =>
  [...document.querySelectorAll(`[aria-labelledby=session-${ledger}] .entry`)].map((entry) =>
    entry.textContent?.replaceAll('\u00a0', ' ').replace(/\s+/g, ' ').trim(),
  );
const buttons = () =>
  [...document.querySelectorAll('[aria-label=Quiet] button')].map((each) =>
    each.textContent?.trim(),
  );

async function shown(of: Session): Promise<void> {
  await open(HASH);
  show(of);
  await settle();
}

beforeEach(() => {
  silences = [];
  for (const path of ['alerts', 'compactions'])
    answers[`GET /api/v1/${path}`] = (_, asked) => json(untouched(asked));
  answers[CHECKPOINTS] = (_, asked) => json(untouched(asked));
  answers['GET /api/v1/usage-records'] = () => json({ records: [], next: null, cursor: 0 });
  answers['GET /api/v1/quiet'] = () => json({ silences });
});

/// Scenario: a session with a learned line and a forecast; then one where the API refuses and nothing is forecast.
/// Guarantees: the line's kind as a word and its reason in full; what is left with its band; the levels of this line.
test('the line is explained', async () => {
  const far = { line: learned(12), addedTokens: 1200, forecast: forecast(4, 11) };
  await shown(session({ context: context(151_203, far) }));
  const facts = text('.panel dl');
  for (const part of [
    're-sent each turn 151k ≈ +1.2k',
    'left by its growth, likely 3 to 6 4 turns, 11 min',
    'line, learned from 12 167k',
  ]) {
    expect(facts).toContain(part);
  }
  expect(text('.panel dl + p')).toBe(
    'The line is at 167k: learned from 12 compactions. There the client compacts the conversation by itself. The window is 200k, by the model. Levels: notice at 100k, checkpoint at 134k, urgent at 154k.',
  );
  show(session({ context: context(151_203, { line: refusing() }) }));
  expect(text('.panel dl')).not.toContain('left by its growth');
  expect(text('.panel dl + p')).toContain('beyond it the API refuses requests.');
});

/// Scenario: a session with an alert, compactions and checkpoints, of which more come.
/// Guarantees: only its own are asked for; each is told in words; what comes is added at once.
test('what happened is listed', async () => {
  const told = [alert({ outcomes: [outcome('inSession', 'begun', 'it waits')] })];
  answers['GET /api/v1/alerts'] = () => json({ alerts: told, next: null });
  answers['GET /api/v1/compactions'] = () =>
    json({ compactions: [compaction({ trigger: 'manual', costNanoUsd: null })], next: null });
  let saved = [checkpoint()];
  answers[CHECKPOINTS] = () => json({ checkpoints: saved });
  await shown(session());
  expect(asked).toContain(`GET /api/v1/alerts?limit=3&session=${ID}`);
  expect(asked).toContain(`GET /api/v1/compactions?limit=3&session=${ID}`);
  expect(entries('alerts')[0]).toMatch(/^checkpoint .*agent not told yet it waits$/);
  expect(entries('compactions')[0]).toMatch(/^by \/compact .*166k → 24k · no price · 38 s/);
  expect(entries('checkpoints')).toEqual([
    expect.stringMatching(/^saved step 3 of 5 .*3 min ago at 140k · \/home\/dana.*NOTES\.md$/),
  ]);
  saved = [
    checkpoint({ revision: 391, note: null, path: null, tokens: null, at: ago(0) }),
    ...saved,
  ];
  say('checkpoint.acknowledged', saved[0]);
  await settle();
  expect(entries('checkpoints')[0]).toMatch(/^saved .*just now size not known$/);
});

/// Scenario: more checkpoints than are shown at once.
/// Guarantees: the rest comes on request, each once.
test('older checkpoints are shown on request', async () => {
  const saved = Array.from({ length: 5 }, (_, at) => checkpoint({ revision: 390 - at }));
  answers[CHECKPOINTS] = () => json({ checkpoints: saved });
  await shown(session());
  expect(entries('checkpoints')).toHaveLength(3);
  await press('Show older');
  expect([entries('checkpoints').length, hasButton('Show older')]).toEqual([5, false]);
});

/// Scenario: nothing has happened to a session.
/// Guarantees: each section says so.
test('nothing is said to be nothing', async () => {
  await shown(session());
  const said = ['alerts', 'compactions', 'checkpoints'].map((ledger) =>
    text(`[aria-labelledby=session-${ledger}]`),
  );
  expect(said).toEqual([
    'Alerts None so far.',
    'Compactions None so far.',
    'Checkpoints None was acknowledged so far.',
  ]);
});

/// Scenario: the numbers of a session move on, again and again.
/// Guarantees: the books are not asked again for what the stream tells.
test('the books are asked once', async () => {
  await shown(session());
  const before = asked.filter((path) => !path.includes('/quiet')).length;
  for (const [at, tokens] of [60_000, 70_000, 80_000].entries()) {
    say('change', change([session({ context: context(tokens) })], { version: 2 + at }));
    await settle();
  }
  expect(text('.figures')).toContain('80k of 167k');
  expect(asked.filter((path) => !path.includes('/quiet'))).toHaveLength(before);
});

/// Scenario: a session is snoozed, then muted, then neither; its project is muted from elsewhere.
/// Guarantees: the state in words with its end, a button for each way on and back, what is sent.
test('quiet is wished and taken back', async () => {
  answers['POST /api/v1/quiet'] = (body) => {
    const { minutes } = body as { minutes?: number };
    const until = minutes === undefined ? null : ago(-minutes * 60_000);
    silences = minutes === 0 ? [] : [silence({ sessionId: ID, until })];
    return json({ silences });
  };
  await shown(session());
  expect(text('[aria-label=Quiet] p')).toBe('Not muted.');
  expect(buttons()).toEqual(['Snooze 30 min', 'Mute session', 'Mute project']);
  await press('Snooze 30 min');
  expect(asked.at(-1)).toBe(`POST /api/v1/quiet {"sessionId":"${ID}","minutes":30}`);
  expect(text('[aria-label=Quiet] p')).toMatch(/^session snoozed until \d\d:\d\d, 30 min left$/);
  await press('Mute session');
  expect(text('[aria-label=Quiet] p')).toBe('session muted');
  await press('Unmute session');
  expect(asked.at(-1)).toBe(`POST /api/v1/quiet {"minutes":0,"sessionId":"${ID}"}`);
  expect(text('[aria-label=Quiet] p')).toBe('Not muted.');
  silences = [silence({ projectPath: session().projectPath })];
  await settle(15_000);
  expect(text('[aria-label=Quiet] p')).toBe('project muted');
  expect(buttons()).toEqual(['Snooze 30 min', 'Mute session', 'Unmute project']);
});

/// Scenario: a button is pressed by keyboard, and goes because its wish was taken.
/// Guarantees: the focus stays among the buttons, where the wish can be taken back.
test('the focus is not lost with a button', async () => {
  answers['POST /api/v1/quiet'] = () => json({ silences: [silence({ sessionId: ID })] });
  await shown(session());
  [...document.querySelectorAll('button')]
    .find((each) => each.matches('[aria-label=Quiet] *'))
    ?.focus();
  expect(document.activeElement?.textContent?.trim()).toBe('Snooze 30 min');
  await press('Snooze 30 min');
  expect(document.activeElement?.matches('[aria-label=Quiet] button')).toBe(true);
});

/// Scenario: pages may not ask for changes on this system.
/// Guarantees: the command that may is named, and the state stays what it was.
test('a refusal names the command', async () => {
  answers['POST /api/v1/quiet'] = () => refusal('key-needed', 'Show the key.', 401);
  await shown(session());
  await press('Mute project');
  expect(text('[aria-label=Quiet] [role=alert]')).toBe(
    'This page may not ask for that on this system: plimsoll quiet in a terminal does it.',
  );
  expect(text('[aria-label=Quiet] p')).toBe('Not muted.');
});

/// Scenario: the client left a session; another one is not live any more and is muted.
/// Guarantees: the end with its time and age; of the other one the mute can be taken back, and nothing be wished.
test('what is over is said to be', async () => {
  await shown(session({ state: 'idle', endedAt: ago(5 * 60_000) }));
  expect(text('.panel .place')).toMatch(/ended \d\d:\d\d, 5 min ago/);
  const { usage, telemetry, startedAt, lastEventAt, lastActivityAt } = session();
  const books = { sessionId: ID, project: 'api-server', projectPath: null, branch: null };
  const times = { startedAt, lastEventAt, lastActivityAt };
  answers[`GET /api/v1/sessions/${ID}`] = () =>
    json({ ...books, ...times, clientVersion: null, usage, telemetry, live: false });
  show();
  await settle();
  flushSync();
  expect(text('.panel')).toContain('Not active in the last 24 hours.');
  expect(document.querySelector('[aria-label=Quiet]')).toBeNull();
  silences = [silence({ sessionId: ID })];
  await settle(15_000);
  expect(buttons()).toEqual(['Unmute session']);
});
