// Compactions in words: what each left of a context, what it cost, and whether it was prepared.

import type { Compaction } from '../../lib/api/types';
import type { StateLook } from '../../components/state';
import { price } from '../../lib/format/money';
import { age, duration } from '../../lib/format/time';
import { exact, tokens } from '../../lib/format/tokens';
import { shortId } from '../live/sessions';

/** For so long in ms the first request after it may still tell what is left. */
const OPEN_FOR = 10 * 60 * 1000;
const UNKNOWN = 'not known';

export function isPrepared({ checkpointAt }: Compaction): boolean {
  return checkpointAt !== null;
}

/** How many of these came prepared, in one sentence. */
export function preparedness(compactions: readonly Compaction[]): string {
  const prepared = compactions.filter(isPrepared).length;
  const came = 'came after an acknowledged checkpoint.';
  if (compactions.length === 0) return 'No compaction so far.';
  if (compactions.length === 1)
    return prepared === 1
      ? `The only compaction so far ${came}`
      : 'The only compaction so far came without an acknowledged checkpoint.';
  const some = prepared === 0 ? 'None' : String(prepared);
  return `${some} of the last ${compactions.length} compactions ${came}`;
}

/** `The last one, of api-server 3 min ago, was automatic and unprepared.` */
export function lastOne(compactions: readonly Compaction[], now: number): string {
  const [last] = compactions;
  if (last === undefined) return 'What happens on the way to the line is listed here.';
  const who = last.project ?? shortId(last.sessionId);
  const when = age(now - Date.parse(last.at));
  const how = last.trigger === 'auto' ? 'automatic' : 'asked for';
  return `The last one, of ${who} ${when}, was ${how} and ${stateOf(last).word}.`;
}

/** `automatic`, `by /compact`. */
export function triggerWord({ trigger }: Compaction): string {
  return trigger === 'auto' ? 'automatic' : 'by /compact';
}

/** One that came by itself and was not prepared lost work, perhaps. */
export function stateOf(compaction: Compaction): StateLook {
  if (isPrepared(compaction)) return { word: 'prepared', shape: 'dot', tone: 'good' };
  return compaction.trigger === 'auto'
    ? { word: 'unprepared', shape: 'triangle', tone: 'notice' }
    : { word: 'unprepared', shape: 'ring', tone: 'quiet' };
}

/** `166k → 24k`; the client's own estimates where no request tells. */
export function change(compaction: Compaction): string {
  const { beforeTokens, estimatedBeforeTokens, afterTokens, estimatedAfterTokens } = compaction;
  const before = size(beforeTokens, estimatedBeforeTokens);
  const after = size(afterTokens, estimatedAfterTokens);
  return before === UNKNOWN && after === UNKNOWN ? `size ${UNKNOWN}` : `${before} → ${after}`;
}

function size(counted: number | null, estimated: number | null): string {
  if (counted !== null) return tokens(counted);
  return estimated === null ? UNKNOWN : `≈ ${tokens(estimated)}`;
}

/** What the request that wrote the summary cost and took: `$0.125`, `38 s`. */
export function expense({ requestId, costNanoUsd, durationMs }: Compaction): string[] {
  if (requestId === null && costNanoUsd === null && durationMs === null) return [`cost ${UNKNOWN}`];
  return [price(costNanoUsd), took(durationMs)];
}

function took(ms: number | null): string {
  if (ms === null) return `duration ${UNKNOWN}`;
  return ms < 1000 ? `<${duration(1000)}` : duration(ms);
}

/** What went before it: `urgent spoke before · checkpoint 1 min before`. */
export function warning({ alerted, checkpointAt, at }: Compaction): string {
  const spoke = alerted === 'calm' ? 'no level spoke before' : `${alerted} spoke before`;
  if (checkpointAt === null) return `${spoke} · no checkpoint`;
  return `${spoke} · checkpoint ${duration(Date.parse(at) - Date.parse(checkpointAt))} before`;
}

/** Everything exactly. */
export function explained(compaction: Compaction): string {
  const told = (name: string, count: number | null): string[] =>
    count === null ? [] : [`${name}: ${exact(count)} tokens`];
  return [
    ...told('after the last request before it', compaction.beforeTokens),
    ...told('after the first request after it', compaction.afterTokens),
    ...told("the client's estimate before", compaction.estimatedBeforeTokens),
    ...told("the client's estimate after", compaction.estimatedAfterTokens),
    ...(compaction.model === null ? [] : [compaction.model]),
    ...(compaction.requestId === null ? [] : [`summary by ${compaction.requestId}`]),
  ].join('\n');
}

/** Whether a request may still tell what it left. `now` is server time in ms. */
export function isOpen({ at, afterTokens }: Compaction, now: number): boolean {
  return afterTokens === null && now - Date.parse(at) < OPEN_FOR;
}
