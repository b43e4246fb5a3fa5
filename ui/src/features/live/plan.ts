// The limits of the user's plan in words.

import type { Limit, Limits } from '../../lib/api/types';
import { age, duration } from '../../lib/format/time';
import { NBSP, percent } from '../../lib/format/tokens';

/** `5 h limit: 42 % used, resets in 1 h 20 min, told 3 min ago`; only those that were told. `now` is server time. */
export function limitWords(limits: Limits, now: number): string[] {
  return [
    words(`5${NBSP}h limit`, limits.fiveHour, now),
    words(`7${NBSP}day limit`, limits.sevenDay, now),
  ].filter((each) => each !== null);
}

function words(name: string, limit: Limit | null, now: number): string | null {
  if (limit === null) return null;
  const resets = duration(Date.parse(limit.resetsAt) - now);
  const told = age(now - Date.parse(limit.toldAt));
  return `${name}: ${percent(limit.usedPercent)} used, resets in ${resets}, told ${told}`;
}
