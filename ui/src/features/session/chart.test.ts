import { expect, test } from 'vitest';
import { context, forecast } from '../../testing/fixtures';
import { ahead, apart, course } from './chart';

/// Scenario: four turns are left, three to six, after thirty; after six; nothing forecast; at the line.
/// Guarantees: the whole band is drawn where there is room, else as much as a third of the past; nothing is made up.
test('what is to come has its place', () => {
  const near = context(151_000, { forecast: forecast(4, 11) });
  expect([ahead(near, 30), ahead(near, 6)]).toEqual([6, 2]);
  expect([
    ahead(context(151_000), 30),
    ahead(context(168_000, { forecast: forecast(4, 1) }), 30),
  ]).toEqual([0, 0]);
  expect(course(near, 6)).toEqual({
    likely: [4, 167_000],
    band: [
      [3, 167_000],
      [6, 167_000],
    ],
  });
  expect(course(near, 2)?.likely).toEqual([2, 159_000]);
  expect([course(near, 0), course(context(151_000), 3)]).toEqual([null, null]);
});

/// Scenario: labels that are far enough apart; three at nearly the same height, in any order.
/// Guarantees: the former stay; the latter move up as far as they must, the lowest one stays.
test('labels do not lie on each other', () => {
  expect(apart([20, 60, 100], 12)).toEqual([20, 60, 100]);
  expect(apart([58, 60, 59], 12)).toEqual([36, 60, 48]);
});
