// The requests of one session, as the panel lists and draws them.

import type { UsageRecord } from '../../lib/api/types';
import { shortId } from '../live/sessions';

/** So many are kept: enough for the curve. */
const KEPT = 400;
/** A context that falls below this share of what it was did not just lose a message. */
const SHRUNK = 0.6;

/** Old and new together, newest first; of two with the same id the later revision holds. */
export function merged(
  before: readonly UsageRecord[],
  added: readonly UsageRecord[],
): UsageRecord[] {
  const byId = new Map(before.map((record) => [record.id, record]));
  for (const record of added) {
    const known = byId.get(record.id);
    if (known === undefined || known.revision <= record.revision) byId.set(record.id, record);
  }
  return [...byId.values()]
    .sort((a, b) => b.timestamp.localeCompare(a.timestamp) || b.revision - a.revision)
    .slice(0, KEPT);
}

/** Who asked: `main`, `Explore` and `subagent`, `compact` and `auxiliary`. */
export function asked(record: UsageRecord): { who: string; kind: string } {
  if (record.unattributed) return { who: 'known from metrics only', kind: '' };
  switch (record.querySource) {
    case 'main':
      return { who: 'main', kind: '' };
    case 'subagent': {
      const id = record.agentId === null ? null : shortId(record.agentId);
      const who = record.agentName ?? record.subsystem ?? id;
      return who === null ? { who: 'subagent', kind: '' } : { who, kind: 'subagent' };
    }
    case 'auxiliary':
      return record.subsystem === null
        ? { who: 'auxiliary', kind: '' }
        : { who: record.subsystem, kind: 'auxiliary' };
  }
}

/** What the thread's next request re-sends; `null` where the record describes no thread's context. */
export function contextOf(record: UsageRecord): number | null {
  if (record.unattributed || record.querySource === 'auxiliary') return null;
  const { inputTokens, cacheReadTokens, cacheCreationTokens, outputTokens } = record;
  return inputTokens + cacheReadTokens + cacheCreationTokens + outputTokens;
}

/** The main thread's context over its requests, oldest first; a new run begins where it shrank. */
export function runs(records: readonly UsageRecord[]): number[][] {
  const result: number[][] = [];
  let last = 0;
  for (const record of [...records].reverse()) {
    const context = record.querySource === 'main' ? contextOf(record) : null;
    if (context === null) continue;
    const run = result.at(-1);
    if (run === undefined || context < last * SHRUNK) result.push([context]);
    else run.push(context);
    last = context;
  }
  return result;
}
