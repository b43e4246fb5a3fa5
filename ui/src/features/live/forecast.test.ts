import { describe, expect, test } from 'vitest';
import { context, forecast, refusing } from '../../testing/fixtures';
import { left, leftThen, outlook, position, rest } from './forecast';

const plain = (text: string | null | undefined) => text?.replaceAll('\u00a0', ' ');
const at = (tokens: number, turns: number, over = {}) =>
  context(tokens, { forecast: forecast(turns, 11), ...over });

describe('what is left', () => {
  /// Scenario: nothing forecast; nothing left; one turn; some; many; no time known.
  /// Guarantees: silence, or as much as is known; a large number is not told as if it were exact.
  test.each([
    [null, null, undefined],
    [0, 0, 'at the line'],
    [1, 2, '1 turn, 2 min'],
    [4, 110, '4 turns, 1 h 50 min'],
    [50, 60, '50 turns, 1 h'],
    [51, 60, '50+ turns'],
    [4, 0, '4 turns'],
    [4, null, '4 turns'],
  ])('%s turns and %s minutes are %s', (turns, minutes, words) =>
    expect(plain(left(turns, minutes))).toBe(words),
  );

  test('is part of a sentence', () => {
    expect([leftThen(4, 11), leftThen(0, 0), leftThen(null, 3)].map(plain)).toEqual([
      '4 turns, 11 min left',
      'at the line',
      undefined,
    ]);
  });

  /// Scenario: a forecast with its band, one whose bands are points, one that crosses an hour.
  /// Guarantees: the band is told in turns and in time of work.
  test('has a band', () => {
    const meaning = (of: ReturnType<typeof forecast>) =>
      plain(outlook(context(151_203, { forecast: of }))?.meaning);
    expect(meaning(forecast(4, 11))).toMatch(/^3 to 6 turns, 8 to 16 min of work, as it grew/);
    const sure = { turns: 1, minutes: 2, turnsBand: [1, 1], minutesBand: [2, 2] } as const;
    expect(meaning({ ...sure, turnsBand: [1, 1], minutesBand: [2, 2] })).toMatch(
      /^1 turn, 2 min of work/,
    );
    expect(meaning({ ...forecast(20, 60), minutesBand: [40, 95] })).toMatch(
      /turns, 40 min to 1 h 35 min of work/,
    );
  });

  /// Scenario: no forecast, with and without room; a forecast of no turn before the line.
  /// Guarantees: silence while there is room; at the line it is said either way.
  test('is silent while nothing is known', () => {
    expect(outlook(context(100_000))).toBeNull();
    expect(outlook(context(167_000))?.words).toBe('at the line');
    expect(outlook(at(160_000, 0))?.words).toBe('at the line');
  });
});

describe('a sentence on', () => {
  /// Scenario: contexts on their way, near the line and at it, with and without a forecast.
  /// Guarantees: near the line the turns count; before that the share; without a forecast the tokens.
  test.each([
    [at(151_203, 4), 'is about 4 turns from compacting.'],
    [at(151_203, 1), 'is about 1 turn from compacting.'],
    [at(151_203, 0), 'is at its line: it may compact at any moment.'],
    [at(101_000, 40), 'is at 60 % of its line: about 40 turns left.'],
    [at(101_000, 400), 'is at 60 % of its line: 66k tokens left.'],
    [context(151_203), 'is at 91 % of its line: 16k tokens left.'],
    [context(168_000), 'has reached its line: it may compact at any moment.'],
    [at(190_000, 3, { line: refusing() }), 'is about 3 turns from being refused by the API.'],
    [
      context(201_000, { line: refusing() }),
      'has reached its line: it may be refused its next request.',
    ],
  ])('%# it', (of, words) => expect(plain(position(of))).toBe(words));

  test('several names what is left of the first', () => {
    expect([rest(at(151_203, 4)), rest(context(151_203)), rest(at(151_203, 0))].map(plain)).toEqual(
      ['has about 4 turns left.', 'has 16k tokens left.', 'may compact at any moment.'],
    );
  });
});
