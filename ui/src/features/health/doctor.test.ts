import { describe, expect, test } from 'vitest';
import type { RunningClient } from '../../lib/api/types';
import { ago, NOW } from '../../testing/fixtures';
import { finding } from '../../testing/setup';
import {
  awaitedSentence,
  clientsSentence,
  exported,
  projectName,
  tasksSentence,
  worstFirst,
} from './doctor';

type State = RunningClient['state'];
const clients = (...states: State[]) => states.map((state) => ({ state }));

/// Scenario: none, one and several clients, alike and in several states.
/// Guarantees: one sentence counts all of them, in the right number.
describe('the running clients', () => {
  test.each<[string, State[]]>([
    ['No client is running.', []],
    ['The running client sends.', ['sending']],
    ['The running client needs a restart.', ['needs-restart']],
    ['All 3 running clients send.', ['sending', 'sending', 'sending']],
    ['All 2 running clients are silent.', ['silent', 'silent']],
    ['3 clients are running; 2 send, 1 needs a restart.', ['sending', 'needs-restart', 'sending']],
    [
      '5 clients are running; 1 is starting, 1 is silent, 1 sends elsewhere, 1 has telemetry off, 1 is locked by managed settings.',
      ['locked', 'telemetry-off', 'sending-elsewhere', 'silent', 'starting'],
    ],
  ])('%s', (sentence, states) => expect(clientsSentence(clients(...states))).toBe(sentence));
});

/// Scenario: nothing has arrived yet, and clients run in several states.
/// Guarantees: the sentence says what to do with them, or what they are where that differs.
describe('what is awaited', () => {
  test.each<[string, State[]]>([
    ['No client is running: start Claude Code and send a prompt.', []],
    ['1 client is running; restart it to be seen exactly.', ['needs-restart']],
    [
      '3 clients are running; restart them to be seen exactly.',
      ['needs-restart', 'needs-restart', 'needs-restart'],
    ],
    [
      '2 clients are running; connect Claude Code, then restart them to be seen exactly.',
      ['telemetry-off', 'needs-restart'],
    ],
    ['1 client is running and connected; send a prompt.', ['starting']],
    ['2 clients are running; 1 is silent, 1 has telemetry off.', ['silent', 'telemetry-off']],
  ])('%s', (sentence, states) => expect(awaitedSentence(clients(...states))).toBe(sentence));
});

/// Scenario: folders of several systems, and none.
/// Guarantees: the folder's own name.
test.each([
  ['/home/dana/work/api-server', 'api-server'],
  ['/home/dana/work/api-server/', 'api-server'],
  ['C:\\work\\web', 'web'],
  ['/', 'folder not known'],
  [null, 'folder not known'],
])('%s is %s', (path, name) => expect(projectName(path)).toBe(name));

/// Scenario: a client that exported, and one that did not.
/// Guarantees: the age, or that there was none.
test('tells the last export', () => {
  const words = exported({ lastExportAt: ago(4000) }, NOW).replaceAll('\u00a0', ' ');
  expect([words, exported({ lastExportAt: null }, NOW)]).toEqual([
    'last export 4 s ago',
    'no export yet',
  ]);
});

/// Scenario: advice before problems.
/// Guarantees: problems come first, in their order.
test('the worst comes first', () => {
  const advice = finding({ code: 'a', severity: 'advice' });
  const found = worstFirst([advice, finding({ code: 'b' }), finding({ code: 'c' })]);
  expect(found.map(({ code }) => code)).toEqual(['b', 'c', 'a']);
});

/// Scenario: tasks that run, that were restarted, that ended.
/// Guarantees: one sentence.
test('tells of tasks', () => {
  const task = (running: boolean, restarts: number) => ({
    name: 'a',
    running,
    restarts,
    lastError: null,
  });
  expect(tasksSentence([task(true, 0), task(true, 0)])).toBe(
    'All 2 background tasks are running; none was restarted.',
  );
  expect(tasksSentence([task(true, 2), task(false, 1)])).toBe(
    '1 of 2 background tasks is not running; 3 restarts so far.',
  );
});
