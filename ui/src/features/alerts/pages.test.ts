import { describe, expect, test } from 'vitest';
import { extended, keyed, renewed, type Page } from './pages';

const page = (items: number[], next: number | null): Page<number, number> => ({ items, next });
const anew = (known: Page<number, number>, newest: Page<number, number>) =>
  renewed(known, newest, (item) => item);

describe('the newest page', () => {
  /// Scenario: two pages are known, two entries came; one of the first page is told otherwise, one is not told again.
  /// Guarantees: what the page covers is as it says; what lies below stays, and where to read on.
  test('takes the place of what it covers', () => {
    const known = page([9, 8, 7, 6, 5, 4], 4);
    expect(anew(known, page([11, 10, 8], 8))).toEqual(page([11, 10, 8, 7, 6, 5, 4], 4));
  });

  /// Scenario: more came than a page holds; everything fits into it; nothing was known; nothing is there.
  /// Guarantees: no entry is missing between what is shown; the end is the end.
  test('begins anew where it does not reach down', () => {
    expect(anew(page([3, 2, 1], null), page([9, 8, 7], 7))).toEqual(page([9, 8, 7], 7));
    expect(anew(page([3, 2], null), page([4, 3, 2], null))).toEqual(page([4, 3, 2], null));
    expect(anew(page([], null), page([3, 2], 2))).toEqual(page([3, 2], 2));
    expect(anew(page([3, 2], null), page([], null))).toEqual(page([], null));
  });
});

test('a page below is put below', () => {
  expect(extended(page([9, 8], 8), page([7], null))).toEqual(page([9, 8, 7], null));
});

test('no two items have one key', () => {
  expect(keyed(['a', 'b', 'a', 'a'], (item) => item).map(({ key }) => key)).toEqual([
    'a',
    'b',
    'a#1',
    'a#2',
  ]);
});
