import { describe, expect, test } from 'vitest';
import { RequestFailed } from '../../lib/api/fetch';
import { ago, NOW } from '../../testing/fixtures';
import { silence } from '../../testing/ledgers';
import {
  briefWords,
  covering,
  holding,
  lifting,
  offers,
  ownQuiet,
  quietWords,
  refusalWords,
  whoseWords,
  widestFirst,
  type Whose,
} from './quiet';

const plain = (text: string | null) => text?.replaceAll('\u00a0', ' ');
const whose: Whose = { sessionId: 's', projectPath: '/p' };
const snoozed = silence({ sessionId: 's', until: ago(-28 * 60_000) });
const muted = silence({ sessionId: 's' });
const project = silence({ projectPath: '/p' });
const all = silence({ until: ago(-3_600_000) });

/// Scenario: a snooze that ran out, one that runs, a mute.
/// Guarantees: only what holds is counted.
test('a snooze ends by itself', () => {
  expect(holding([silence({ until: ago(1) }), snoozed, muted], NOW)).toEqual([snoozed, muted]);
});

/// Scenario: wishes for this session and its project, for others, for everything.
/// Guarantees: those of others are not taken for its own, nor is no project for a project.
test('a session is covered by what is about it', () => {
  const others = [silence({ sessionId: 'x' }), silence({ projectPath: '/p/below' })];
  expect(covering([...others, snoozed, project, all], whose)).toEqual([snoozed, project, all]);
  expect(covering([...others, project], { ...whose, projectPath: null })).toEqual([]);
});

test('quiet in words', () => {
  expect(quietWords([], NOW)).toBeNull();
  expect(plain(quietWords([snoozed, project], NOW))).toMatch(
    /^session snoozed until \d\d:\d\d, 28 min left; project muted$/,
  );
  expect(plain(quietWords([all], NOW))).toMatch(/^all sessions snoozed until .*, 1 h left$/);
});

/// Scenario: wishes for everything, a project, a session that is known and one that is not.
/// Guarantees: the widest comes first, each by the name that people know; of a session's own none is about everything.
test('whose notifications are held back', () => {
  const named = new Map([['s', { text: 'web', suffix: '3f2a' }]]);
  const unknown = silence({ sessionId: '0123456789abcdef' });
  const sorted = widestFirst([snoozed, unknown, silence({ projectPath: '/home/p/' }), all]);
  expect(sorted.map((each) => whoseWords(each, named))).toEqual([
    'All sessions',
    'Project p',
    'Session web 3f2a',
    'Session 01234567',
  ]);
  expect(briefWords(muted, NOW)).toBe('muted');
  expect(briefWords(snoozed, NOW)).toMatch(/^snoozed until \d\d:\d\d$/);
  expect(ownQuiet([all, project, snoozed], whose)).toEqual([project, snoozed]);
});

describe('what can be wished for', () => {
  const labels = (covered: (typeof muted)[], of = whose) =>
    offers(covered, of).map(({ label }) => label);

  test.each([
    [[], ['Snooze 30 min', 'Mute session', 'Mute project']],
    [[snoozed], ['Mute session', 'Mute project', 'End snooze']],
    [[muted], ['Mute project', 'Unmute session']],
    [[project], ['Snooze 30 min', 'Mute session', 'Unmute project']],
    [
      [muted, project],
      ['Unmute session', 'Unmute project'],
    ],
    [[all], ['Snooze 30 min', 'Mute session', 'Mute project', 'End snooze of all sessions']],
  ])('%#', (covered, expected) => expect(labels(covered)).toEqual(expected));

  test('no project, no wish for it', () => {
    expect(labels([], { ...whose, projectPath: null })).toEqual(['Snooze 30 min', 'Mute session']);
  });

  /// Scenario: each wish, and each taking back.
  /// Guarantees: what is sent names one scope; zero minutes take back, no minutes hold until then.
  test('is sent as the API takes it', () => {
    expect(offers([], whose).map(({ wish }) => wish)).toEqual([
      { sessionId: 's', minutes: 30 },
      { sessionId: 's' },
      { projectPath: '/p' },
    ]);
    expect([muted, project, all].map((one) => lifting(one).wish)).toEqual([
      { sessionId: 's', minutes: 0 },
      { projectPath: '/p', minutes: 0 },
      { minutes: 0 },
    ]);
  });
});

test('where the page may not ask, the terminal may', () => {
  expect(refusalWords(new RequestFailed('key-needed', 'Show the key.'))).toContain(
    '`plimsoll quiet`',
  );
  expect(refusalWords(new RequestFailed('ledger', 'The ledger did not take it.'))).toBe(
    'The ledger did not take it.',
  );
});
