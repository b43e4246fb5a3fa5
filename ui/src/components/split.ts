import type { Tokens } from '../lib/api/types';
import { share } from '../lib/format/tokens';

export interface Part {
  name: string;
  value: number;
  /** A colour token. */
  colour: string;
  means: string;
}

/** Tokens by type in the words of the page. */
export function split(used: Tokens): Part[] {
  return [
    {
      name: 'fresh',
      value: used.input,
      colour: '--token-fresh',
      means: 'input that no cache held',
    },
    {
      name: 're-read',
      value: used.cacheRead,
      colour: '--token-reread',
      means: 'input read from the cache',
    },
    {
      name: 'written',
      value: used.cacheCreation,
      colour: '--token-written',
      means: 'input written to the cache',
    },
    { name: 'output', value: used.output, colour: '--token-output', means: 'answers' },
  ];
}

/** How much of the input came from the cache; `null` without any input. */
export function fromCache(used: Tokens): string | null {
  return share(used.cacheRead, used.input + used.cacheRead + used.cacheCreation);
}
