import { describe, expect, test } from 'vitest';
import type { Backfill } from '../../lib/api/types';
import { ago, backfill, NOW } from '../../testing/fixtures';
import { reading } from './history';

const LITTLE = { files: 3, bytes: 900_000, bytesRead: 450_000, requests: 12 };

const told = (over: Partial<Backfill> = {}, now = NOW) => {
  const state = reading(backfill(over), now);
  return state && [state.part, state.words, state.brief].map(plain);
};
const plain = (text: unknown) =>
  typeof text === 'string' ? text.replaceAll('\u00a0', ' ') : text && Math.round(text as number);

describe('while history is read', () => {
  /// Scenario: a quarter of a large history is read.
  /// Guarantees: files, bytes, requests and the time left.
  test('everything is told', () => {
    expect(told()).toEqual([
      25,
      '500 of 2,000 files · 296 MB of 1.2 GB · 34,567 requests · about 6 s left',
      '25 % · about 6 s left',
    ]);
  });

  /// Scenario: nothing is read yet, so that no speed is known; then less than a second is left.
  /// Guarantees: no time is made up; the last moment is no zero.
  test('an unknown time is not told', () => {
    const begun = { filesRead: 0, bytesRead: 0, requests: 0, secondsLeft: null };
    expect(told(begun)).toEqual([0, '0 of 2,000 files · 0 B of 1.2 GB · 0 requests', '0 %']);
    expect(told({ bytesRead: 1_180_000_000, secondsLeft: 0 })?.[2]).toBe('99 % · almost done');
  });

  /// Scenario: a little that is new, as at most starts; it takes longer than a moment.
  /// Guarantees: nothing at first, so that nothing flashes; then it is shown.
  test('a little is shown only when it takes long', () => {
    expect(told({ ...LITTLE, beganAt: ago(900) })).toBeNull();
    expect(told({ ...LITTLE, beganAt: ago(1000) })?.[0]).toBe(50);
  });
});

describe('when history was read', () => {
  const ended = { filesRead: 2000, bytesRead: 1_184_772_180, requests: 138_268, secondsLeft: null };

  /// Scenario: the end is some seconds ago.
  /// Guarantees: what it came to is told for ten seconds, then nothing.
  test('it is told for a moment', () => {
    const at = { ...ended, beganAt: ago(12_000), endedAt: ago(8000) };
    expect(told(at)).toEqual([
      null,
      'History read: 138,268 requests from 2,000 files in 4 s.',
      'History read: 138,268 requests.',
    ]);
    expect(told(at, NOW + 2000)).toBeNull();
  });

  /// Scenario: there was a little to read, or nothing, or no reading began.
  /// Guarantees: nothing is told.
  test('a little is not worth a word', () => {
    expect(told({ ...LITTLE, beganAt: ago(300), endedAt: ago(0) })).toBeNull();
    expect(told({ files: 0, bytes: 0, beganAt: ago(0), endedAt: ago(0) })).toBeNull();
    expect(reading(null, NOW)).toBeNull();
  });
});
