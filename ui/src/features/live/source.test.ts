import { describe, expect, test } from 'vitest';
import type { Limits, Source } from '../../lib/api/types';
import { ago, NOW } from '../../testing/fixtures';
import { clockTime } from '../../lib/format/time';
import { limitWords } from './plan';
import { sourceNote } from './source';

const plain = (words: string | undefined) => words?.replaceAll('\u00a0', ' ');

describe('the source', () => {
  const said = (kind: Source['kind'], reason: Source['reason'], since: string | null = null) =>
    sourceNote({ kind, reason, since }, NOW)?.words;

  /// Scenario: telemetry tells, or may still tell.
  /// Guarantees: nothing is said.
  test('is nothing to speak of while it is telemetry', () => {
    expect(sourceNote({ kind: 'exact', reason: null, since: null }, NOW)).toBeNull();
  });

  /// Scenario: no telemetry ever came; others tell, or nobody does.
  /// Guarantees: how the numbers are known, and why not better.
  test('is named with the reason', () => {
    const why = 'telemetry off or needs restart';
    expect(said('transcripts', 'telemetryOff')).toBe(`estimated from transcripts · ${why}`);
    expect(said('statusLine', 'telemetryOff')).toBe(`estimated from the status line · ${why}`);
    expect(said('sizes', 'telemetryOff')).toBe(`rough estimate from sizes · ${why}`);
    expect(said('exact', 'telemetryOff')).toBe(why);
    expect(said('sizes', null)).toBe('rough estimate from sizes');
  });

  /// Scenario: telemetry stopped.
  /// Guarantees: since when, by the reader's clock, and who tells the numbers instead.
  test('says since when telemetry is silent', () => {
    const since = ago(4 * 60_000);
    const silent = `telemetry silent since ${clockTime(Date.parse(since), NOW)}`;
    expect(said('transcripts', 'telemetrySilent', since)).toBe(
      `${silent} · numbers from transcripts`,
    );
    expect(said('exact', 'telemetrySilent', since)).toBe(silent);
  });
});

describe('the limits of the plan', () => {
  const limit = (usedPercent: number, minutes: number, told: number) => ({
    usedPercent,
    resetsAt: ago(-minutes * 60_000),
    toldAt: ago(told),
  });
  const words = (limits: Limits) => limitWords(limits, NOW).map(plain);

  /// Scenario: both limits, one, none; beyond the limit.
  /// Guarantees: use, end and age of what was told; nothing of what was not.
  test('are told with their age, or not at all', () => {
    expect(words({ fiveHour: limit(42.5, 80, 180_000), sevenDay: limit(104, 3000, 500) })).toEqual([
      '5 h limit: 43 % used, resets in 1 h 20 min, told 3 min ago',
      '7 day limit: 104 % used, resets in 2 days, told just now',
    ]);
    expect(words({ fiveHour: null, sevenDay: null })).toEqual([]);
  });
});
