// The limits of the user's plan: how much is used, how far their time is, and when that was told.

import type { Limit, Limits } from '../../lib/api/types';
import { age, clockTime, duration, weekday } from '../../lib/format/time';
import { percent } from '../../lib/format/tokens';

const HOUR = 60 * 60 * 1000;

export interface ToldLimit {
  /** `5-hour`. */
  name: string;
  /** In percent; may pass 100. */
  used: number;
  /** How much of its time is over, in percent. */
  gone: number;
  /** `resets 14:20`, `resets Thu`. */
  resets: string;
  /** All of it in words. */
  meaning: string;
  /** When it was told, in ms. */
  toldAt: number;
}

/** Those that were told. `now` is server time in ms. */
export function toldLimits(limits: Limits, now: number): ToldLimit[] {
  return [
    told('5-hour', 5 * HOUR, limits.fiveHour, now),
    told('7-day', 7 * 24 * HOUR, limits.sevenDay, now),
  ].filter((each) => each !== null);
}

function told(name: string, span: number, limit: Limit | null, now: number): ToldLimit | null {
  if (limit === null) return null;
  const end = Date.parse(limit.resetsAt);
  const toldAt = Date.parse(limit.toldAt);
  const left = Math.max(0, end - now);
  const gone = Math.max(0, 100 - (100 * left) / span);
  const soon = left < 24 * HOUR;
  const time = soon ? clockTime(end, end) : weekday(end);
  const used = limit.usedPercent;
  return {
    name,
    used,
    gone,
    resets: `resets ${time}`,
    meaning: `${percent(used)} of the ${name} limit is used, ${percent(gone)} of its time is over; it resets in ${duration(left)}, as told ${age(now - toldAt)}`,
    toldAt,
  };
}
