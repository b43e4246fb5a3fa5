import { describe, expect, test } from 'vitest';
import { bytes } from './bytes';
import { exactMoney, money, price } from './money';
import { age, clockTime, duration } from './time';
import { exact, percent, plural, share, tokens } from './tokens';

const plain = (text: string | null) => text?.replaceAll('\u00a0', ' ');

describe('tokens', () => {
  test.each([
    [0, '0'],
    [834, '834'],
    [999, '999'],
    [1000, '1k'],
    [3387, '3.4k'],
    [9960, '10k'],
    [12_049, '12k'],
    [151_203, '151k'],
    [999_499, '999k'],
    [999_500, '1M'],
    [4_186_000, '4.2M'],
    [41_860_000, '41.9M'],
    [418_600_000, '419M'],
    [999_960_000, '1B'],
    [2_340_000_000, '2.3B'],
    [4_200_000_000_000, '4200B'],
  ])('%d is %s', (count, text) => expect(tokens(count)).toBe(text));

  test('exact figures are grouped', () => expect(exact(151_203)).toBe('151,203'));
});

describe('percent', () => {
  test.each([
    [0, '0 %'],
    [90.5, '91 %'],
    [99.7, '99 %'],
    [100, '100 %'],
    [103.9, '103 %'],
  ])('%d is %s', (value, text) => expect(plain(percent(value))).toBe(text));

  test.each([
    [0, 10, '0 %'],
    [1, 1000, '<1 %'],
    [9, 10, '90 %'],
    [10, 10, '100 %'],
    [1, 0, undefined],
  ])('%d of %d is %s', (part, whole, text) => expect(plain(share(part, whole))).toBe(text));
});

describe('money', () => {
  test.each([
    [null, 'no price'],
    [0, '$0.00'],
    [1, '<$0.01'],
    [17_750_550, '$0.02'],
    [18_400_000_000, '$18.40'],
    [1_240_400_000_000, '$1,240'],
  ])('a sum of %s is %s', (nano, text) => expect(money(nano)).toBe(text));

  test.each([
    [null, 'no price'],
    [0, '$0.00'],
    [50_000, '<$0.0001'],
    [600_000, '$0.0006'],
    [17_750_550, '$0.018'],
    [104_000_000, '$0.104'],
    [2_500_000_000, '$2.50'],
  ])('a price of %s is %s', (nano, text) => expect(price(nano)).toBe(text));

  test.each([
    [17_750_550, '$0.01775055'],
    [18_400_000_000, '$18.40'],
    [3_000_000_000, '$3.00'],
  ])('%s in full is %s', (nano, text) => expect(exactMoney(nano)).toBe(text));
});

describe('time', () => {
  const [s, min, h, d] = [1000, 60_000, 3_600_000, 86_400_000];
  test.each([
    [-5 * s, '0 s'],
    [2.9 * s, '2 s'],
    [59 * s, '59 s'],
    [60 * s, '1 min'],
    [59.9 * min, '59 min'],
    [h, '1 h'],
    [h + 50 * min, '1 h 50 min'],
    [13 * h + 50 * min, '13 h'],
    [47 * h, '47 h'],
    [3 * d, '3 days'],
  ])('%d ms are %s', (ms, text) => expect(plain(duration(ms))).toBe(text));

  test.each([
    [200, 'just now'],
    [2000, '2 s ago'],
    [-100, 'just now'],
  ])('%d ms are %s', (ms, text) => expect(plain(age(ms))).toBe(text));

  test('a time of another day carries its date', () => {
    const now = new Date(2026, 10, 23, 14, 2, 7).getTime();
    expect(clockTime(now, now)).toBe('14:02');
    expect(clockTime(now, now, 'seconds')).toBe('14:02:07');
    expect(clockTime(now - 2 * d, now)).toBe('21 Nov, 14:02');
  });
});

test('plural', () => {
  expect([plural(1, 'session'), plural(1200, 'session'), plural(2, 'query', 'queries')]).toEqual([
    '1 session',
    '1,200 sessions',
    '2 queries',
  ]);
});

describe('bytes', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [12_345, '12 kB'],
    [999_600, '1.0 MB'],
    [9_940_000, '9.9 MB'],
    [9_960_000, '10 MB'],
    [296_193_045, '296 MB'],
    [999_600_000, '1.0 GB'],
    [1_184_772_180, '1.2 GB'],
    [41_000_000_000, '41.0 GB'],
  ])('%d is %s', (count, text) => expect(plain(bytes(count))).toBe(text));
});
