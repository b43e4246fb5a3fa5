import { describe, expect, test } from 'vitest';
import { backfill } from '../../testing/fixtures';
import { report } from '../../testing/setup';
import { insight, readSentence, type Span } from './insight';

type Groups = [string | null, number, number?][];
const span = (projects: Groups, models: Groups, over = {}): Span => ({
  projects: report('project', projects, over),
  models: report('model', models, over),
});
const NONE = span([], [], { costNanoUsd: null });

describe('the first insight', () => {
  const month = span(
    [
      ['/home/dana/plimsoll', 300_000_000, 1000],
      ['/home/dana/web', 112_000_000, 204],
    ],
    [
      ['claude-opus-4-6', 400_000_000],
      ['claude-haiku-4-5', 12_000_000],
    ],
    { costNanoUsd: 183_200_000_000 },
  );
  const whole = span([['/home/dana/plimsoll', 500_000_000, 2000]], [['claude-opus-4-6', 1]], {
    costNanoUsd: null,
  });

  /// Scenario: a month within a longer history.
  /// Guarantees: both are told, and who used most of the month.
  test('tells the month and the whole', () => {
    expect(insight(month, whole)).toEqual([
      'In the last 30 days: 1,204 requests in 2 projects, 412M tokens, $183.20.',
      'Most of it in plimsoll, by claude-opus-4-6.',
      'In all: 2,000 requests in 1 project, 500M tokens, no price.',
    ]);
  });

  /// Scenario: all history lies within the month; requests without a price.
  /// Guarantees: nothing is told twice; what has no price is said.
  test('does not repeat itself', () => {
    const priced = span([['/a', 10, 3]], [['m', 10]], { unpricedRequests: 2 });
    expect(insight(priced, priced)).toEqual([
      'In the last 30 days: 3 requests in 1 project, 10 tokens, $2.40 (2 without a price).',
      'All of it in a, by m.',
      'That is all that is known.',
    ]);
  });

  /// Scenario: no project is named, and no model has half; then most has no name.
  /// Guarantees: no name is made up.
  test('names only what is named', () => {
    const models: Groups = [
      ['a', 4],
      ['b', 3],
      ['c', 3],
    ];
    const nameless = span([[null, 10, 3]], models);
    expect(insight(nameless, nameless).slice(0, 2)).toEqual([
      'In the last 30 days: 3 requests, 10 tokens, $2.40.',
      'The largest part by a.',
    ]);
    const silent = span([[null, 10, 3]], [[null, 10]]);
    expect(insight(silent, silent)).toHaveLength(2);
  });

  /// Scenario: nothing at all; nothing of late.
  /// Guarantees: it is said so.
  test('says honestly that there is nothing', () => {
    expect(insight(NONE, NONE)).toEqual([
      'There is no history yet: it begins with your first request.',
    ]);
    expect(insight(NONE, whole)[0]).toBe('In the last 30 days there was no request.');
  });
});

/// Scenario: history that was never read, is being read, was read, and is not there.
/// Guarantees: what was read is told, and that nothing was.
test.each([
  [null, 'Plimsoll has read no transcripts so far.'],
  [backfill(), ''],
  [
    backfill({ endedAt: '2026-11-23T14:01:00.000Z' }),
    'History is read: 34,567 requests from 2,000 files.',
  ],
  [
    backfill({ endedAt: '2026-11-23T14:01:00.000Z', files: 0 }),
    'Claude Code has left no transcripts on this machine.',
  ],
])('%j', (given, words) => expect(readSentence(given)).toBe(words));
