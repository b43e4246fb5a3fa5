import { expect, test } from 'vitest';
import { context, tokensOf } from '../testing/fixtures';
import { hull } from './hull';
import { fromCache, split } from './split';

test('a hull is as long as the window', () => {
  expect(hull(context(100_000))).toEqual({
    fill: 50,
    line: 83.5,
    beyond: true,
    ticks: [50.1, 66.8, 76.82],
  });
});

test('a hull grows with an occupancy beyond the window, and may end at the line', () => {
  expect(hull(context(250_000))).toMatchObject({ fill: 100, line: 66.8 });
  const whole = { tokens: 200_000, kind: 'assumed', observations: 0 } as const;
  expect(hull(context(20_000, { line: whole }))).toMatchObject({ line: 100, beyond: false });
});

test('tokens are split by type', () => {
  const parts = split(tokensOf(1, 2, 3, 4)).map((part) => [part.name, part.value]);
  expect(parts).toEqual([
    ['fresh', 1],
    ['re-read', 3],
    ['written', 4],
    ['output', 2],
  ]);
  expect(fromCache(tokensOf(10, 999, 80, 10))).toBe('80\u00a0%');
  expect(fromCache(tokensOf())).toBeNull();
});
