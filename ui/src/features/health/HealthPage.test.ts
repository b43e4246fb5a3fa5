// @vitest-environment jsdom
import '../../testing/page';
import { expect, test } from 'vitest';
import type { Health } from '../../lib/api/types';
import { ago, listeners, problem, snapshot } from '../../testing/fixtures';
import { answers, asked, json, open, press, refusal } from '../../testing/server';
import { client, doctor, finding } from '../../testing/setup';
import { pass, say, settle, text } from '../../testing/stage';

const DOCTOR = 'GET /api/v1/doctor';
const looks = () => asked.filter((each) => each === DOCTOR).length;

/// Scenario: clients that send, need a restart and have telemetry off; advice and a problem; a port that is taken.
/// Guarantees: the sentence first; state in words and with a shape; ages; ways to the sessions and to Connect.
test('lists the running clients', async () => {
  const sessionId = '1f2e3d4c-77aa-4c1d-9e2f-0123456789ab';
  const clients = [
    client({ pid: 1, sessions: [sessionId], lastExportAt: ago(4000) }),
    client({ pid: 2, state: 'needs-restart', finding: finding() }),
    client({
      pid: 3,
      project: null,
      state: 'telemetry-off',
      finding: finding({ fix: { name: 'connect', path: '/home/me/.claude' } }),
    }),
  ];
  const advice = finding({ code: 'grpc', severity: 'advice', what: 'It uses gRPC.' });
  answers[DOCTOR] = () => json(doctor(clients, [advice, finding({ code: 'proxy' })]));
  await open('#/health');
  say(
    'snapshot',
    snapshot({ listeners: listeners({ 'otlp-http': 'portTaken' }), problems: [problem()] }),
  );
  expect([text('h1'), document.title, text('.said p')]).toEqual([
    '3 clients are running; 1 sends, 1 needs a restart, 1 has telemetry off.',
    'Health · Plimsoll',
    'looked just now',
  ]);
  expect(text('[data-pid="1"]')).toBe(
    'api-server sends process 1 · running for 2 h · last export 4 s ago Session 1f2e3d4c…',
  );
  expect(document.querySelector('[data-pid="1"] .tag svg')).not.toBeNull();
  expect(document.querySelector('[data-pid="1"] a')?.getAttribute('href')).toBe(
    `/#/session/${sessionId}`,
  );
  expect(text('[data-pid="2"]')).toContain('Restart it with claude --continue.');
  expect(document.querySelector('[data-pid="2"] a')).toBeNull();
  expect(text('[data-pid="3"]')).toMatch(/^folder not known telemetry off .* no export yet/);
  expect(document.querySelector('[data-pid="3"] a')?.getAttribute('href')).toBe('/#/connect');
  const codes = [...document.querySelectorAll('[aria-labelledby=findings] [data-finding]')];
  expect(codes.map((each) => each.getAttribute('data-finding'))).toEqual(['proxy', 'grpc']);
  expect(text('[aria-labelledby=receiver]')).toContain('The ledger is locked by another program.');
  expect(text('[aria-labelledby=receiver]')).toContain('port taken');
});

/// Scenario: time goes by; a look fails; the button is pressed.
/// Guarantees: looks follow by themselves; what was seen stays, with its age and what went wrong; the button looks.
test('looks again', async () => {
  answers[DOCTOR] = () => json(doctor([client()]));
  await open('#/health');
  expect([looks(), text('h1')]).toEqual([1, 'The running client sends.']);
  answers[DOCTOR] = () => refusal('setup-failed', 'The processes cannot be seen.', 500);
  pass(5000);
  await settle();
  expect(looks()).toBe(2);
  expect(text('.said p')).toBe(
    'looked 5 s ago; the last look told nothing: The processes cannot be seen.',
  );
  answers[DOCTOR] = () => json(doctor([]));
  await press('Look again');
  expect([looks(), text('h1')]).toEqual([3, 'No client is running.']);
  expect(text('[aria-labelledby=findings]')).toContain('Nothing else is wrong');
});

/// Scenario: what Plimsoll itself does is opened.
/// Guarantees: it is asked for only then; a sentence before the tables; counts at zero are only counted.
test('tells what Plimsoll does when that is opened', async () => {
  const health: Partial<Health> = {
    tasks: [{ name: 'ledger', running: true, restarts: 1, lastError: 'The disk was full.' }],
    counters: [
      { name: 'exports', label: 'http', value: 1204 },
      { name: 'refused', label: 'host', value: 0 },
    ],
  };
  answers[DOCTOR] = () => json(doctor([]));
  answers['GET /api/v1/health'] = () => json(health);
  await open('#/health');
  expect(asked).not.toContain('GET /api/v1/health');
  const details = document.querySelector('details') as HTMLDetailsElement;
  details.open = true;
  details.dispatchEvent(new Event('toggle'));
  await settle();
  expect(text('details')).toContain('The background task is running; 1 restart so far.');
  expect(text('details')).toContain('The last error of ledger: The disk was full.');
  expect(text('details')).toContain('1 more count at zero');
  expect(text('[aria-label=Counters] tbody')).toBe('exportshttp1,204');
});
