import type { Context } from '../lib/api/types';

/** Where the parts of a hull gauge lie, in percent of its length. */
export interface Hull {
  fill: number;
  /** How far what went in since reaches beyond the fill. */
  added: number;
  line: number;
  /** Whether anything of the window lies beyond the line. */
  beyond: boolean;
  ticks: number[];
}

/** The whole length is the window, or what the next request sends where that is larger still. */
export function hull(context: Context): Hull {
  const { occupancyTokens, addedTokens, windowTokens, line, levels } = context;
  const length = Math.max(windowTokens, occupancyTokens + addedTokens, line.tokens, 1);
  const place = (tokens: number): number => Math.round((10_000 * tokens) / length) / 100;
  return {
    fill: place(occupancyTokens),
    added: place(addedTokens),
    line: place(line.tokens),
    beyond: line.tokens < length,
    ticks: levels.map((level) => place(level.tokens)),
  };
}
