import { describe, expect, test } from 'vitest';
import { ago, NOW } from '../../testing/fixtures';
import { alert, outcome } from '../../testing/ledgers';
import { acknowledgement, explained, isOpen, outcomeLook, roomThen, sizeThen } from './alerts';

const plain = (text: string) => text.replaceAll('\u00a0', ' ');

describe('an alert in words', () => {
  test('how full it was and what was left', () => {
    expect(plain(sizeThen(alert()))).toBe('151k of 167k · 91 %');
    expect(plain(roomThen(alert()))).toBe('4 turns, 11 min left');
    expect(roomThen(alert({ turnsLeft: 0, minutesLeft: 0 }))).toBe('at the line');
  });

  /// Scenario: nothing was forecast then; the model is not known.
  /// Guarantees: neither becomes a number or a name.
  test('what was not known', () => {
    expect(roomThen(alert({ turnsLeft: null, minutesLeft: null }))).toBe('no forecast');
    expect(explained(alert({ model: null, compacts: false }))).toBe(
      '151,203 of 167,000 tokens to the line, where the API refuses',
    );
  });

  test('whether somebody answered', () => {
    expect(acknowledgement(alert()).word).toBe('not acknowledged');
    const answered = acknowledgement(alert({ acknowledgedAt: ago(3 * 60_000 - 40_000) }));
    expect([plain(answered.word), answered.shape]).toEqual(['acknowledged after 40 s', 'dot']);
  });

  /// Scenario: every action with every result.
  /// Guarantees: each pair is told in words of its own, and what failed has a shape of its own.
  test('what was done', () => {
    const actions = ['notification', 'command', 'webhook', 'inSession'] as const;
    const results = ['begun', 'done', 'failed', 'quiet'] as const;
    const looks = actions.flatMap((action) =>
      results.map((result) => outcomeLook(outcome(action, result))),
    );
    expect(new Set(looks.map(({ word }) => word)).size).toBe(16);
    const failed = looks.filter(({ shape }) => shape === 'triangle').map(({ word }) => word);
    expect(failed).toEqual([
      'notification not shown',
      'command failed',
      'webhook not delivered',
      'agent not told',
    ]);
  });
});

/// Scenario: alerts just raised, with an action under way, done, and with one that was never heard of again.
/// Guarantees: only of the first two more may still become known.
test('how long there is more to come', () => {
  const begun = [outcome('command', 'begun')];
  expect(isOpen(alert({ at: ago(20_000), outcomes: [] }), NOW)).toBe(true);
  expect(isOpen(alert({ at: ago(10 * 60_000), outcomes: begun }), NOW)).toBe(true);
  expect(isOpen(alert({ at: ago(10 * 60_000) }), NOW)).toBe(false);
  expect(isOpen(alert({ at: ago(2 * 3_600_000), outcomes: begun }), NOW)).toBe(false);
});
