import { NBSP } from './tokens';

const STEPS: readonly [size: number, unit: string][] = [
  [1e9, 'GB'],
  [1e6, 'MB'],
  [1e3, 'kB'],
];

/** `640 B`, `12 kB`, `296 MB`, `1.2 GB`: one decimal below ten, and in gigabytes. */
export function bytes(count: number): string {
  // Half a unit below the next one rounds up to it.
  const [size, unit] = STEPS.find(([least]) => count >= least - least / 2000) ?? [1, 'B'];
  const scaled = count / size;
  const decimals = size > 1 && (scaled < 9.95 || unit === 'GB') ? 1 : 0;
  return `${scaled.toFixed(decimals)}${NBSP}${unit}`;
}
