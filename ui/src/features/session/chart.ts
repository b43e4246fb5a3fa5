// Where the parts of the context's chart lie.

import type { Context } from '../../lib/api/types';

/** How much of the chart's width what is to come may take, to what has been. */
const AHEAD = 1 / 3;

export type Point = [turn: number, tokens: number];

/** How it is likely to go on: from the last request to the line, or as far as there is room. */
export interface Course {
  likely: Point;
  /** The ends of the band, the earlier one first. */
  band: [Point, Point];
}

/** How many turns of the future are drawn after `count` of the past. */
export function ahead({ forecast, headroomTokens }: Context, count: number): number {
  if (forecast === null || headroomTokens === 0) return 0;
  return Math.min(forecast.turnsBand[1], Math.ceil(count * AHEAD));
}

/** Turns count from the last request; `null` where nothing was forecast. */
export function course(context: Context, turns: number): Course | null {
  const { forecast, occupancyTokens, line } = context;
  if (forecast === null || turns === 0) return null;
  const end = (left: number): Point => {
    if (left <= turns) return [left, line.tokens];
    return [turns, occupancyTokens + ((line.tokens - occupancyTokens) * turns) / left];
  };
  const [low, high] = forecast.turnsBand;
  return { likely: end(forecast.turns), band: [end(low), end(high)] };
}

/** Heights at least `gap` apart, each as near as possible above or at where it belongs, in the given order of places. */
export function apart(places: readonly number[], gap: number): number[] {
  const order = places.map((place, at) => ({ place, at })).sort((a, b) => b.place - a.place);
  const result = [...places];
  let free = Infinity;
  for (const { place, at } of order) {
    const height = Math.min(place, free);
    result[at] = height;
    free = height - gap;
  }
  return result;
}
