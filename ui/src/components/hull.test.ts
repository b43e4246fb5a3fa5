import { expect, test } from 'vitest';
import { context, refusing, tokensOf } from '../testing/fixtures';
import { hull } from './hull';
import { fromCache, split } from './split';

test('a hull is as long as the window', () => {
  expect(hull(context(100_000))).toEqual({
    fill: 50,
    added: 0,
    line: 83.5,
    beyond: true,
    ticks: [50.1, 66.8, 76.82],
  });
});

test('a hull grows with an occupancy beyond the window, and may end at the line', () => {
  expect(hull(context(250_000))).toMatchObject({ fill: 100, line: 66.8 });
  expect(hull(context(20_000, { line: refusing() }))).toMatchObject({ line: 100, beyond: false });
});

/// Scenario: results of tools went in since the last request, within the window and beyond it.
/// Guarantees: they lengthen the fill; the hull grows where they would reach out of it.
test('a hull shows what went in since', () => {
  expect(hull(context(100_000, { addedTokens: 10_000 }))).toMatchObject({ fill: 50, added: 5 });
  const over = hull(context(190_000, { addedTokens: 60_000 }));
  expect([over.fill + over.added, over.line]).toEqual([100, 66.8]);
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
