// @vitest-environment jsdom
import '../../testing/page';
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import App from '../../App.svelte';
import { INITIAL } from '../../lib/api/live';
import { clock } from '../../lib/clock.svelte';
import { live } from '../../lib/live.svelte';
import { route } from '../../lib/route.svelte';
import type { Audit } from '../../lib/api/types';
import {
  audit,
  auditLine,
  difference,
  loneRequest,
  missedEvents,
  sessionAudit,
  sides,
  told,
} from '../../testing/audit';
import { ago, NOW, tokensOf } from '../../testing/fixtures';
import { settle, text } from '../../testing/stage';

let page: Record<string, unknown>;
let asked: string[];
let answer: () => Response;

const ID = sessionAudit().sessionId ?? '';
const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });

async function open(hash: string, body: Audit | Response): Promise<void> {
  answer = () => (body instanceof Response ? body.clone() : json(body));
  location.hash = hash;
  // As of a page that is opened there.
  route.start()();
  document.body.innerHTML = '<div id="app"></div>';
  page = mount(App, { target: document.getElementById('app') as HTMLElement });
  flushSync();
  await settle();
}

/** The cells of a session's row but for its name and time, with plain single spaces. */
function row(session: string): (string | undefined)[] {
  const cells = document.querySelectorAll(`[data-session="${session}"] td`);
  const words = [...cells].map((cell) => cell.textContent?.replace(/\s+/g, ' ').trim());
  return words.toSpliced(1, 1);
}

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
  clock.now = NOW;
  asked = [];
  vi.stubGlobal('fetch', (path: string) => {
    asked.push(path);
    return Promise.resolve(answer());
  });
});

afterEach(async () => {
  await unmount(page);
  live.state = INITIAL;
  location.hash = '';
  vi.useRealTimers();
});

/// Scenario: the audit of an exact session and one whose events are partly lost, of which metrics never told.
/// Guarantees: the verdict first; a row per session with word and sums; unknown is a dash; reasons in a sentence.
test('compares the sessions', async () => {
  const lost = sessionAudit({
    sessionId: 'lost',
    verdict: 'explained',
    reasons: ['receiver-missed'],
    total: sides({ metrics: null, events: told(100) }),
    differences: [difference()],
  });
  const reason = { code: 'receiver-missed', sentence: 'Exports did not arrive.', sessions: 1 };
  await open('#/audit', audit([sessionAudit(), lost], { reasons: [reason], more: 3 }));
  expect(asked).toEqual(['/api/v1/audit?']);
  expect(text('h1')).toBe('What follows from it.');
  expect(document.title).toBe('Audit · Plimsoll');
  expect(text('nav [aria-current=page]')).toBe('Audit');
  expect(row(ID)).toEqual(['exact', '1,650', '1,650', '1,650', '1,650', '', '']);
  expect(row('lost')).toEqual([
    ...['explained', '1,610', '–', '1,650', '1,650'],
    ...['events −1,550', 'receiver-missed'],
  ]);
  expect(text('dl')).toContain('Exports did not arrive. 1 session');
  expect(text('main')).toContain('3 more sessions not listed');
});

/// Scenario: one session in full: a difference without a reason, missed events, statements, a lone request.
/// Guarantees: everything the audit knows of it is there, and the way back.
test('shows a session in full', async () => {
  const session = sessionAudit({
    verdict: 'unexplained',
    lines: [auditLine(), auditLine({ source: 'auxiliary', told: sides({ transcripts: null }) })],
    differences: [difference({ reasons: [] })],
    missedEvents: [missedEvents()],
    stated: [{ model: 'claude-opus-4-6', at: ago(600_000), told: told(140) }],
    statusLine: {
      at: ago(600_000),
      model: 'claude-opus-4-6',
      windowTokens: 200_000,
      context: tokensOf(10, 100, 1000, 500),
      costNanoUsd: null,
    },
    unfinished: 1,
    copies: 2,
    loneRequests: [loneRequest()],
  });
  await open(`#/audit/${ID}`, audit([session]));
  expect(asked).toEqual([`/api/v1/audit?session=${ID}`]);
  const main = text('main') ?? '';
  for (const part of [
    'unexplained',
    'no reason is known',
    'Events 4 to 5 of process 7',
    'Its own sum of claude-opus-4-6',
    'context 1,610, window 200,000, no price',
    '1 answer did not come to an end.',
    '2 requests came under a second name',
    'req_2',
  ]) {
    expect(main).toContain(part);
  }
  expect(document.querySelector('main a')?.getAttribute('href')).toBe('/#/audit');
  expect(document.querySelectorAll('tbody tr').length).toBe(2 * 6 + 1);
});

/// Scenario: the span is changed, and the audit asked for again.
/// Guarantees: the server is asked for the sessions of that time, and again.
test('asks for other sessions and again', async () => {
  await open('#/audit', audit([sessionAudit()]));
  const select = document.querySelector('select') as HTMLSelectElement;
  select.value = '7d';
  select.dispatchEvent(new Event('change', { bubbles: true }));
  flushSync();
  await settle();
  document.querySelector<HTMLElement>('.tools button')?.click();
  flushSync();
  await settle();
  const week = '/api/v1/audit?since=2026-11-16T14%3A02%3A00.000Z';
  expect(asked).toEqual(['/api/v1/audit?', week, week]);
});

/// Scenario: a session that nobody knows.
/// Guarantees: the server's sentence, and no table.
test('says what went wrong', async () => {
  const refusal = { error: { code: 'session-unknown', message: 'Nothing is known of session x.' } };
  await open('#/audit/x', json(refusal, 404));
  expect(text('h1')).toBe('Nothing is known of session x.');
  expect(document.querySelector('table')).toBeNull();
});
