import { describe, expect, test } from 'vitest';
import { ago, NOW } from '../../testing/fixtures';
import { compaction } from '../../testing/ledgers';
import {
  change,
  expense,
  explained,
  isOpen,
  lastOne,
  preparedness,
  stateOf,
  warning,
} from './compactions';

const plain = (text: string) => text.replaceAll('\u00a0', ' ');
const prepared = compaction();
const unprepared = compaction({ checkpointAt: null });

describe('the sentence', () => {
  test.each([
    [[], 'No compaction so far.'],
    [[prepared], 'The only compaction so far came after an acknowledged checkpoint.'],
    [[unprepared], 'The only compaction so far came without an acknowledged checkpoint.'],
    [
      [unprepared, unprepared],
      'None of the last 2 compactions came after an acknowledged checkpoint.',
    ],
    [
      [prepared, unprepared, prepared],
      '2 of the last 3 compactions came after an acknowledged checkpoint.',
    ],
  ])('%#', (compactions, words) => expect(preparedness(compactions)).toBe(words));

  test('is followed by one on the last', () => {
    expect(plain(lastOne([prepared, unprepared], NOW))).toBe(
      'The last one, of api-server 5 min ago, was automatic and prepared.',
    );
    const asked = compaction({ trigger: 'manual', checkpointAt: null, project: null });
    expect(plain(lastOne([asked], NOW))).toBe(
      'The last one, of 3f2a1b09 5 min ago, was asked for and unprepared.',
    );
  });
});

describe('a compaction in words', () => {
  /// Scenario: both sizes counted; only estimated by the client; one of them; none.
  /// Guarantees: an estimate is marked as one; what nobody told is no number.
  test('what it left', () => {
    expect(change(prepared)).toBe('166k → 24k');
    expect(change(compaction({ afterTokens: null }))).toBe('166k → ≈ 2.7k');
    expect(change(compaction({ beforeTokens: null, afterTokens: null }))).toBe('≈ 167k → ≈ 2.7k');
    const nothing = {
      beforeTokens: null,
      afterTokens: null,
      estimatedBeforeTokens: null,
      estimatedAfterTokens: null,
    };
    expect(change(compaction(nothing))).toBe('size not known');
    expect(change(compaction({ ...nothing, beforeTokens: 166_200 }))).toBe('166k → not known');
  });

  /// Scenario: cost and duration known; no price; no duration; no request that wrote the summary.
  /// Guarantees: unknown is said, and never zero.
  test('what it cost', () => {
    expect(expense(prepared).map(plain)).toEqual(['$0.124', '38 s']);
    expect(expense(compaction({ costNanoUsd: null })).map(plain)).toEqual(['no price', '38 s']);
    expect(expense(compaction({ durationMs: null }))).toEqual(['$0.124', 'duration not known']);
    expect(expense(compaction({ durationMs: 14 })).map(plain)).toEqual(['$0.124', '<1 s']);
    const unknown = compaction({ requestId: null, costNanoUsd: null, durationMs: null });
    expect(expense(unknown)).toEqual(['cost not known']);
  });

  test('what went before it', () => {
    expect(plain(warning(prepared))).toBe('urgent spoke before · checkpoint 1 min before');
    const silent = compaction({ alerted: 'calm', checkpointAt: null });
    expect(warning(silent)).toBe('no level spoke before · no checkpoint');
  });

  /// Scenario: prepared, unprepared by itself, unprepared at the user's wish.
  /// Guarantees: only the second calls for a look.
  test('whether it was prepared', () => {
    const looks = [prepared, unprepared, compaction({ checkpointAt: null, trigger: 'manual' })];
    expect(looks.map(stateOf).map(({ word, tone }) => [word, tone])).toEqual([
      ['prepared', 'good'],
      ['unprepared', 'notice'],
      ['unprepared', 'quiet'],
    ]);
  });

  test('everything exactly', () => {
    expect(explained(compaction({ estimatedAfterTokens: null }))).toBe(
      [
        'after the last request before it: 166,200 tokens',
        'after the first request after it: 24,310 tokens',
        "the client's estimate before: 167,245 tokens",
        'claude-opus-4-6',
        'summary by req_7',
      ].join('\n'),
    );
  });
});

test('what it left may become known for a while', () => {
  expect(isOpen(compaction({ afterTokens: null }), NOW)).toBe(true);
  expect(isOpen(compaction({ afterTokens: null, at: ago(3_600_000) }), NOW)).toBe(false);
  expect(isOpen(prepared, NOW)).toBe(false);
});
