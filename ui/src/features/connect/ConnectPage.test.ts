// @vitest-environment jsdom
import '../../testing/page';
import { flushSync } from 'svelte';
import { expect, test } from 'vitest';
import type { Connected, Installation, Proof } from '../../lib/api/types';
import { ago } from '../../testing/fixtures';
import {
  answers,
  asked,
  choose,
  hasButton,
  json,
  open,
  press,
  refusal,
} from '../../testing/server';
import { connectedOne, finding, installation, plan, SETTINGS } from '../../testing/setup';
import { settle, text } from '../../testing/stage';

const PLAN = 'GET /api/v1/connect';
const DONE: Connected = {
  settings: SETTINGS,
  backup: '/b',
  writtenAt: '2026-11-23T14:01:59.000Z',
  kept: [],
};

/** Settings that connecting and disconnecting change. */
function settings(first: Installation, then: Installation): void {
  let now = first;
  answers[PLAN] = () => json(plan(now));
  const change = () => {
    now = then;
    return json(DONE);
  };
  answers['POST /api/v1/connect'] = change;
  answers['POST /api/v1/disconnect'] = change;
}

const plans = () => asked.filter((each) => each.startsWith(PLAN));
const query = (hooks: boolean, statusLine: boolean, replace: boolean) =>
  `${PLAN}?hooks=${hooks}&statusLine=${statusLine}&replace=${replace}`;

/// Scenario: settings that are not connected are connected; the proof is waited for, and a request comes.
/// Guarantees: the state first; the difference with signs; the wish is what was shown; the proof in a sentence.
test('connects, and proves it', async () => {
  settings(installation({ statusLine: 'theirs' }), connectedOne());
  let arrive: (proof: Proof) => void = () => {};
  answers['GET /api/v1/proof'] = () =>
    new Promise((resolve) => (arrive = (proof) => resolve(json(proof))));
  await open('#/connect');
  expect([text('h1'), document.title, text('nav [aria-current=page]')]).toEqual([
    'Claude Code is not connected.',
    'Connect · Plimsoll',
    'Connect',
  ]);
  expect(text('[data-settings]')).toContain('not connected');
  expect(text('figcaption')).toBe('2 lines are added, 1 line is removed.');
  expect(document.querySelector('figure pre')?.textContent).toBe(installation().diff);
  expect(text('pre .removed')).toBe('- "a": 1');
  expect(document.querySelector('figure [role=region]')?.getAttribute('tabindex')).toBe('0');

  await press('Change settings.json');
  const choices = { hooks: true, statusLine: true, replace: false };
  const wish = { settings: SETTINGS, fingerprint: 'f1', choices };
  expect(asked).toContain(`POST /api/v1/connect ${JSON.stringify(wish)}`);
  expect(text('h1')).toBe('Claude Code sends its telemetry here.');
  expect(text('.since')).toBe(
    'connected 3 days ago, backup /home/dana/.claude/backups/settings.json',
  );
  expect(text('[aria-label=Proof]')).toMatch(
    /^Now start Claude Code .* Waiting for the first request…$/,
  );
  expect(asked).toContain('GET /api/v1/proof?since=2026-11-23T14%3A01%3A59.000Z&timeout=20');

  const sessionId = '1f2e3d4c-77aa-4c1d-9e2f-0123456789ab';
  arrive({
    arrived: { sessionId, model: 'claude-sonnet-4-6', at: ago(0), afterMs: 800 },
    likely: null,
  });
  await settle();
  expect(text('[aria-label=Proof] [role=status]')).toBe(
    'First request received from session 1f2e3d4c… (claude-sonnet-4-6), 0.8 s after the response.',
  );
  expect(document.querySelector('[aria-label=Proof] a')?.getAttribute('href')).toBe(
    `/#/session/${sessionId}`,
  );
});

/// Scenario: no request comes in time; then the connection breaks; then one comes.
/// Guarantees: the likely cause with its remedy, or what went wrong, and each time the way to wait again.
test('says why no proof came', async () => {
  settings(installation(), connectedOne());
  const likely = finding({ fix: { name: 'connect', path: '/home/me/.claude' } });
  answers['GET /api/v1/proof'] = () => json({ arrived: null, likely });
  await open('#/connect');
  await press('Change settings.json');
  const told = () => text('[aria-label=Proof] [role=status]');
  expect(told()).toBe(
    'No request came so far. Problem: Claude Code began before it was connected. Restart it with claude --continue.',
  );
  answers['GET /api/v1/proof'] = () => Promise.reject(new TypeError('broken'));
  await press('Wait again');
  expect(told()).toBe('Plimsoll does not answer.');
  answers['GET /api/v1/proof'] = () =>
    json({ arrived: { sessionId: 's', model: 'm', at: ago(0), afterMs: 50 }, likely: null });
  await press('Wait again');
  expect(told()).toMatch(/^First request received from session s \(m\)/);
  expect(hasButton('Wait again')).toBe(false);
});

/// Scenario: the settings are changed by somebody else while their difference is shown; then they cannot be written.
/// Guarantees: the server's sentence; the new difference; the next wish names the new content; no proof is waited for.
test('shows the new difference when the settings changed', async () => {
  settings(installation(), connectedOne());
  await open('#/connect');
  const message = 'settings.json has changed since. Look at the new difference and try again.';
  answers[PLAN] = () => json(plan(installation({ fingerprint: 'f9', diff: '@@ @@\n+new\n' })));
  answers['POST /api/v1/connect'] = () => refusal('settings-changed', message, 409);
  await press('Change settings.json');
  expect([text('[role=alert]'), text('figcaption'), text('[aria-label=Proof]')]).toEqual([
    message,
    '1 line is added.',
    undefined,
  ]);
  answers['POST /api/v1/connect'] = () => refusal('settings-refused', 'It is read-only.', 409);
  await press('Change settings.json');
  expect(asked.findLast((each) => each.startsWith('POST'))).toContain('"fingerprint":"f9"');
  expect(text('[role=alert]')).toBe('It is read-only.');
});

/// Scenario: telemetry goes elsewhere: it is kept there at first, then moved; hooks are not wanted.
/// Guarantees: the consequence of both is said; each choice asks for its own plan; the wish is of the plan shown.
test('keeps or moves telemetry that goes elsewhere', async () => {
  const elsewhere = installation({ state: 'elsewhere', destination: 'otel.corp:4318' });
  answers[PLAN] = (_, path) =>
    json(plan({ ...elsewhere, diff: path.includes('replace=true') ? '@@ @@\n+here\n' : '' }));
  answers['POST /api/v1/connect'] = () => json(DONE);
  await open('#/connect');
  expect(text('h1')).toBe('Telemetry goes to otel.corp:4318.');
  expect(text('main')).toContain('the other receiver will get nothing more');
  expect(document.querySelector<HTMLInputElement>('[value=keep]')?.checked).toBe(true);
  const button = document.querySelector('.primary');
  expect(button?.getAttribute('aria-disabled')).toBe('true');
  const reason = document.getElementById(button?.getAttribute('aria-describedby') ?? '');
  expect(reason?.textContent).toBe('With these choices nothing would change: telemetry stays.');
  await press('Change settings.json');
  expect(asked.some((each) => each.startsWith('POST'))).toBe(false);

  await choose('[value=move]');
  expect(text('figcaption')).toBe('1 line is added.');
  await choose('[name=hooks]');
  expect(plans()).toEqual([
    query(true, true, false),
    query(true, true, true),
    query(false, true, true),
  ]);
  await press('Change settings.json');
  expect(asked.find((each) => each.startsWith('POST'))).toContain(
    '{"hooks":false,"statusLine":true,"replace":true}',
  );
});

/// Scenario: telemetry that goes elsewhere is kept there, and hooks are added.
/// Guarantees: no proof is waited for that cannot come.
test('waits for no proof of telemetry that stays elsewhere', async () => {
  const elsewhere = installation({ state: 'elsewhere', destination: 'otel.corp:4318' });
  settings(elsewhere, { ...elsewhere, hooks: true, statusLine: 'ours', diff: '' });
  await open('#/connect');
  await press('Change settings.json');
  expect(text('.told')).toMatch(/^Changed\. Telemetry stays where it is/);
  expect(text('[aria-label=Proof]')).toBeUndefined();
});

/// Scenario: a choice is changed, and its plan is not there yet.
/// Guarantees: nothing can be changed by a difference that was shown for other choices.
test('changes nothing by an old difference', async () => {
  settings(installation(), connectedOne());
  await open('#/connect');
  answers[PLAN] = () => new Promise(() => {});
  await choose('[name=hooks]');
  await press('Change settings.json');
  expect(asked.some((each) => each.startsWith('POST'))).toBe(false);
});

/// Scenario: settings that were connected without hooks are disconnected: not at first, then they are.
/// Guarantees: hooks are not proposed again; the difference comes before the deed; what stayed is named.
test('disconnects after showing what that changes', async () => {
  settings(connectedOne({ hooks: false }), installation());
  await open('#/connect');
  expect(plans().at(-1)).toBe(query(false, true, false));
  expect(text('[data-settings]')).toContain('Nothing would change');
  expect(hasButton('Check that it works')).toBe(true);
  await press('Disconnect…');
  expect(text('figcaption')).toBe('1 line is removed.');
  await press('Keep connected');
  expect(document.activeElement?.textContent).toBe('Disconnect…');
  answers['POST /api/v1/disconnect'] = () => {
    answers[PLAN] = () => json(plan(installation()));
    return json({ ...DONE, kept: ['OTEL_LOGS_EXPORTER'] });
  };
  await press('Disconnect…');
  await press('Disconnect');
  expect(asked).toContain(
    `POST /api/v1/disconnect ${JSON.stringify({ settings: SETTINGS, fingerprint: 'f2' })}`,
  );
  expect(text('h1')).toBe('Claude Code is not connected.');
  expect(text('.told')).toBe(
    'Disconnected. Running sessions go on sending until they are restarted. Somebody changed OTEL_LOGS_EXPORTER since; that stayed as it is.',
  );
});

/// Scenario: other places are chosen; nothing can be read at first.
/// Guarantees: the text of the place; the server's sentence and a way to try again.
test('shows settings for other places, and failures', async () => {
  answers[PLAN] = () => refusal('setup-failed', 'Nothing could be looked at.', 500);
  await open('#/connect');
  expect(text('h1')).toBe('Nothing could be looked at.');
  answers[PLAN] = () => json(plan(installation()));
  await press('Try again');
  expect(text('[aria-label=Shell]')).toBe('export A=1');
  const select = document.querySelector('select') as HTMLSelectElement;
  select.value = 'fish';
  select.dispatchEvent(new Event('change', { bubbles: true }));
  flushSync();
  expect(text('[aria-label=fish]')).toBe('set -gx A 1');
});
