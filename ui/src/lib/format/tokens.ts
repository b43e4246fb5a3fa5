/** Joins a number and its unit so that they never part at a line's end. */
export const NBSP = '\u00a0';

const STEPS: readonly [size: number, unit: string][] = [
  [1e3, 'k'],
  [1e6, 'M'],
  [1e9, 'B'],
];

/** `834`, `3.4k`, `151k`, `4.2M`. */
export function tokens(count: number): string {
  if (count < 1000) return String(count);
  for (const [size, unit] of STEPS) {
    const scaled = count / size;
    // Small figures keep one decimal; thousands lose it from 10k on, where it is noise.
    const decimals = scaled < (unit === 'k' ? 10 : 100) ? 10 : 1;
    const rounded = Math.round(scaled * decimals) / decimals;
    if (rounded < 1000 || unit === 'B') return trimmed(rounded, unit);
  }
  return String(count);
}

function trimmed(value: number, unit: string): string {
  return `${Number.isInteger(value) ? value : value.toFixed(1)}${unit}`;
}

const EXACT = new Intl.NumberFormat('en-US');

/** `151,203`. */
export function exact(count: number): string {
  return EXACT.format(count);
}

/** `91 %`. Never `100 %` before the hundred is reached. */
export function percent(value: number): string {
  const rounded = value < 100 ? Math.min(Math.round(value), 99) : Math.floor(value);
  return `${rounded}${NBSP}%`;
}

/** The share of `part` in `whole` as `91 %`; `null` without a whole. `<1 %` where it would round to nothing. */
export function share(part: number, whole: number): string | null {
  if (whole <= 0) return null;
  const value = (100 * part) / whole;
  if (value > 0 && value < 0.5) return `<1${NBSP}%`;
  return value < 100 ? percent(value) : `100${NBSP}%`;
}

/** `1 session`, `3 sessions`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${exact(count)} ${count === 1 ? one : many}`;
}
