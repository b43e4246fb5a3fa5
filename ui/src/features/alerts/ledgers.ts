// The ledgers of alerts and of compactions, of all sessions or of one, and of a session's checkpoints.

import { fetchAlerts, fetchCheckpoints, fetchCompactions } from '../../lib/api/fetch';
import type { Alert, Checkpoint, Compaction } from '../../lib/api/types';
import { Ledger } from './ledger.svelte';

export function alertLedger(session: string | null, limit: number): Ledger<Alert, number> {
  return new Ledger(
    async (before, signal) => {
      const { alerts, next } = await fetchAlerts({ session, before, limit }, signal);
      return { items: alerts, next };
    },
    ({ revision }) => revision,
  );
}

export function compactionLedger(
  session: string | null,
  limit: number,
): Ledger<Compaction, string> {
  return new Ledger(
    async (before, signal) => {
      const { compactions, next } = await fetchCompactions({ session, before, limit }, signal);
      return { items: compactions, next };
    },
    ({ at }) => Date.parse(at),
  );
}

/** So many checkpoints of a session are looked at: the API tells of the newest only. */
const CHECKPOINTS = 100;

export function checkpointLedger(session: string, limit: number): Ledger<Checkpoint, number> {
  const place = ({ revision }: Checkpoint): number => revision ?? 0;
  return new Ledger(async (before, signal) => {
    const { checkpoints } = await fetchCheckpoints(session, CHECKPOINTS, signal);
    const below = checkpoints.filter((one) => before === null || place(one) < before);
    const items = below.slice(0, limit);
    const last = items.at(-1);
    return { items, next: last === undefined || below.length <= limit ? null : place(last) };
  }, place);
}

export const alertKey = ({ revision }: Alert): string => String(revision);

export const compactionKey = ({ sessionId, agentId, at }: Compaction): string =>
  [sessionId, agentId, at].join('/');

export const checkpointKey = ({ revision, at }: Checkpoint): string => String(revision ?? at);
