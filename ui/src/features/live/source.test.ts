import { describe, expect, test } from 'vitest';
import type { Limits, Source } from '../../lib/api/types';
import { ago, NOW } from '../../testing/fixtures';
import { clockTime, weekday } from '../../lib/format/time';
import { toldLimits } from './plan';
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
    const rough = 'estimate from sizes, about ±20 %';
    expect(plain(said('sizes', 'telemetryOff'))).toBe(`${rough} · ${why}`);
    expect(said('exact', 'telemetryOff')).toBe(why);
    expect(plain(said('sizes', null))).toBe(rough);
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
    const events = `events silent since ${clockTime(Date.parse(since), NOW)}`;
    expect(said('transcripts', 'eventsSilent', since)).toBe(`${events} · numbers from transcripts`);
  });
});

describe('the limits of the plan', () => {
  const limit = (usedPercent: number, minutes: number, told: number) => ({
    usedPercent,
    resetsAt: ago(-minutes * 60_000),
    toldAt: ago(told),
  });
  const words = (limits: Limits) =>
    toldLimits(limits, NOW).map(({ name, used, gone, resets, meaning }) => [
      ...[name, used, Math.round(gone), resets],
      plain(meaning),
    ]);

  /// Scenario: both limits, one of today and one of days ahead, beyond its limit; none.
  /// Guarantees: use, the part of the time that is over, end and age of what was told; nothing of what was not.
  test('are told with their age, or not at all', () => {
    const fiveHour = limit(42.5, 80, 180_000);
    const sevenDay = limit(104, 3000, 500);
    expect(words({ fiveHour, sevenDay })).toEqual([
      [
        ...['5-hour', 42.5, 73, `resets ${clockTime(Date.parse(fiveHour.resetsAt), NOW)}`],
        '43 % of the 5-hour limit is used, 73 % of its time is over; it resets in 1 h 20 min, as told 3 min ago',
      ],
      [
        ...['7-day', 104, 70, `resets ${weekday(Date.parse(sevenDay.resetsAt))}`],
        '104 % of the 7-day limit is used, 70 % of its time is over; it resets in 2 days, as told just now',
      ],
    ]);
    expect(words({ fiveHour: null, sevenDay: null })).toEqual([]);
  });
});
