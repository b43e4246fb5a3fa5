// What is left before the line, in words.

import type { Context, Forecast } from '../../lib/api/types';
import { duration } from '../../lib/format/time';
import { NBSP, percent, plural, tokens } from '../../lib/format/tokens';

/** Beyond so many turns the number says nothing but that there are many. */
const MANY = 50;
const MINUTE = 60_000;

export interface Outlook {
  /** `4 turns, 11 min`. */
  words: string;
  /** How sure it is, in full sentences. */
  meaning: string;
}

/** What is likely to fit before the line: `4 turns, 11 min`, `at the line`; `null` where nothing was forecast. */
export function left(turns: number | null, minutes: number | null): string | null {
  if (turns === null) return null;
  if (turns === 0) return 'at the line';
  if (turns > MANY) return `${MANY}+${NBSP}turns`;
  const work = minutes === null || minutes === 0 ? [] : [duration(minutes * MINUTE)];
  return [turnsOf(turns), ...work].join(', ');
}

/** The same of an alert, within a sentence: `4 turns, 11 min left`, `at the line`. */
export function leftThen(turns: number | null, minutes: number | null): string | null {
  const words = left(turns, minutes);
  return words === null || turns === 0 ? words : `${words} left`;
}

/** What is left of a thread's way to its line; `null` while too little is known. */
export function outlook({ forecast, headroomTokens }: Context): Outlook | null {
  const words =
    headroomTokens === 0 ? 'at the line' : left(forecast?.turns ?? null, forecast?.minutes ?? null);
  return words === null ? null : { words, meaning: meaning(forecast, headroomTokens) };
}

function meaning(forecast: Forecast | null, headroom: number): string {
  if (headroom === 0) return 'Nothing is left before the line.';
  if (forecast === null) return '';
  if (forecast.turns === 0) return 'By its growth, the next request passes the line.';
  const turns = range(forecast.turnsBand, (count) => plural(count, 'turn'));
  const work = range(forecast.minutesBand, (count) => duration(count * MINUTE));
  return `${turns}, ${work} of work, as it grew in this cycle. Half of the time it lies within that.`;
}

/** `3 to 6 turns`, `1 turn`. */
export function range([low, high]: [number, number], words: (count: number) => string): string {
  if (low === high) return words(low);
  const [number, unit] = words(low).split(/\s/);
  const sameUnit = words(high)
    .split(/\s/)[1]
    ?.startsWith(unit ?? '');
  return `${sameUnit ? number : words(low)} to ${words(high)}`;
}

function turnsOf(count: number): string {
  return plural(count, 'turn').replace(' ', NBSP);
}

/** `is about 4 turns from compacting.`, `is at 61 % of its line: 66k tokens left.` */
export function position(context: Context): string {
  const { headroomTokens, level, estimated, forecast, percentOfLine } = context;
  if (headroomTokens === 0) return `has reached its line: it ${rest(context)}`;
  const turns = countable(forecast);
  if (turns === 0) return `is at its line: it ${rest(context)}`;
  const near = level === 'checkpoint' || level === 'urgent';
  if (turns !== null && near) return `is about ${turnsOf(turns)} from ${end(context)}.`;
  const about = estimated ? 'about ' : '';
  const room = turns === null ? `${tokens(headroomTokens)} tokens` : `about ${turnsOf(turns)}`;
  return `is at ${about}${percent(percentOfLine)} of its line: ${room} left.`;
}

/** `has about 4 turns left.`, `may compact at any moment.` */
export function rest({ forecast, headroomTokens, line }: Context): string {
  const turns = headroomTokens === 0 ? 0 : countable(forecast);
  if (turns === 0)
    return line.compacts ? 'may compact at any moment.' : 'may be refused its next request.';
  if (turns === null) return `has ${tokens(headroomTokens)} tokens left.`;
  return `has about ${turnsOf(turns)} left.`;
}

function countable(forecast: Forecast | null): number | null {
  return forecast === null || forecast.turns > MANY ? null : forecast.turns;
}

/** What happens at the line. */
function end({ line }: Context): string {
  return line.compacts ? 'compacting' : 'being refused by the API';
}
