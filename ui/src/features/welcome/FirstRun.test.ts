// @vitest-environment jsdom
import '../../testing/page';
import { flushSync } from 'svelte';
import { beforeEach, expect, test } from 'vitest';
import { ago, backfill, session, snapshot } from '../../testing/fixtures';
import { answers, asked, hasButton, json, open, press, refusal } from '../../testing/server';
import { doctor, installation, plan, report } from '../../testing/setup';
import { say, settle, text } from '../../testing/stage';

const SEEN = 'POST /api/v1/welcome {"seen":true}';
const region = () => document.querySelector('[aria-labelledby=welcome]');

beforeEach(() => {
  answers['GET /api/v1/welcome'] = () => json({ seen: false });
  answers['POST /api/v1/welcome'] = (body) => json(body);
  answers['GET /api/v1/doctor'] = () => json(doctor([]));
  answers['GET /api/v1/connect'] = () => json(plan(installation()));
  answers['GET /api/v1/usage'] = (_, path) => {
    const by = path.includes('by=model') ? 'model' : 'project';
    return json(report(by, [[by === 'model' ? 'm' : '/work/api', 1000, 5]]));
  };
});

async function begin(): Promise<void> {
  await open('#/');
  say(
    'snapshot',
    snapshot({ sessions: [session()], backfill: backfill({ endedAt: ago(60_000) }) }),
  );
  await settle();
}

async function turnTo(hash: string): Promise<void> {
  location.hash = hash;
  window.dispatchEvent(new HashChangeEvent('hashchange'));
  flushSync();
  await settle();
}

/// Scenario: the first run; all three steps are taken.
/// Guarantees: the page stays below; the focus follows the steps; each says what it promises; the end is kept.
test('goes through three steps', async () => {
  await begin();
  expect(document.activeElement?.textContent).toBe('Welcome to Plimsoll');
  expect(region()?.getAttribute('role')).toBe('region');
  expect(region()?.textContent).toContain('never reads prompts, answers, tool inputs');
  expect(document.querySelector('[data-session]')).not.toBeNull();
  await press('Next');
  expect(document.activeElement?.textContent).toBe('Connect Claude Code');
  expect(text('[aria-labelledby=welcome] h3')).toBe('Claude Code is not connected.');
  expect([hasButton('Skip'), hasButton('Change settings.json')]).toEqual([true, true]);
  expect(document.querySelectorAll('h1')).toHaveLength(1);
  await press('Next');
  const words = text('[aria-labelledby=welcome]');
  expect(words).toContain('History is read: 34,567 requests from 2,000 files.');
  expect(words).toContain('In the last 30 days: 5 requests in 1 project, 1k tokens, $2.40.');
  await press('Back');
  await press('Next');
  await press('Finish');
  expect([region(), asked.at(-1)]).toEqual([null, SEEN]);
});

/// Scenario: history is still being read.
/// Guarantees: how far it is, and what is known so far.
test('shows how far history is', async () => {
  await begin();
  say('snapshot', snapshot({ sessions: [session()], backfill: backfill() }));
  await press('Next');
  await press('Next');
  expect(region()?.querySelector('[role=progressbar]')).not.toBeNull();
  expect(text('[aria-labelledby=welcome]')).toContain('So far: In the last 30 days');
});

/// Scenario: it is skipped with the button, where that cannot be kept; other pages are visited.
/// Guarantees: it is gone and does not come back.
test('is skipped for good', async () => {
  answers['POST /api/v1/welcome'] = () => refusal('unavailable', 'Not now.', 503);
  await begin();
  await press('Skip');
  expect([region(), asked.at(-1)]).toEqual([null, SEEN]);
  await turnTo('#/health');
  await turnTo('#/');
  expect(region()).toBeNull();
  expect(asked.filter((each) => each === 'GET /api/v1/welcome')).toHaveLength(1);
});

/// Scenario: Escape is pressed.
/// Guarantees: that skips, too.
test('is skipped by Escape', async () => {
  await begin();
  window.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }));
  flushSync();
  expect([region(), asked.at(-1)]).toEqual([null, SEEN]);
});

/// Scenario: it was seen before; then it is wished for again, on the Health page.
/// Guarantees: it is not shown by itself, and shown from its beginning when wished.
test('is shown again when wished', async () => {
  answers['GET /api/v1/welcome'] = () => json({ seen: true });
  await begin();
  expect(region()).toBeNull();
  await turnTo('#/health');
  await press('Show the welcome again');
  expect(asked).toContain('POST /api/v1/welcome {"seen":false}');
  await turnTo('#/');
  expect(document.activeElement?.textContent).toBe('Welcome to Plimsoll');
});

/// Scenario: nobody tells whether it was seen.
/// Guarantees: it does not stand in the way.
test('is not shown where that is not known', async () => {
  answers['GET /api/v1/welcome'] = () => refusal('unavailable', 'Not now.', 503);
  await begin();
  expect(region()).toBeNull();
});

/// Scenario: a session is opened and left while the welcome is there.
/// Guarantees: it gives way, and comes back without taking the focus.
test('gives way to a session', async () => {
  await begin();
  await turnTo(`#/session/${session().sessionId}`);
  expect(region()).toBeNull();
  (document.activeElement as HTMLElement | null)?.blur();
  await turnTo('#/');
  expect(region()).not.toBeNull();
  expect(document.activeElement).toBe(document.body);
});
