// Builders of what the ledgers tell, and of wishes for quiet: whole objects of which a test names only what matters.

import type { Alert, Compaction, Outcome, Silence } from '../lib/api/types';
import { ago, reached, session } from './fixtures';

export function outcome(
  action: Outcome['action'],
  result: Outcome['result'],
  detail: string | null = null,
): Outcome {
  return { action, result, detail, at: ago(3 * 60_000) };
}

export function alert(over: Partial<Alert> = {}): Alert {
  return {
    ...reached(),
    outcomes: [outcome('notification', 'done')],
    acknowledgedAt: null,
    ...over,
  };
}

/** An automatic one of five minutes ago of which everything is known, after a checkpoint. */
export function compaction(over: Partial<Compaction> = {}): Compaction {
  const { sessionId, project, projectPath, model, clientVersion } = session();
  return {
    sessionId,
    agentId: null,
    project,
    projectPath,
    model,
    clientVersion,
    at: ago(5 * 60_000),
    trigger: 'auto',
    beforeTokens: 166_200,
    estimatedBeforeTokens: 167_245,
    estimatedAfterTokens: 2720,
    afterTokens: 24_310,
    requestId: 'req_7',
    costNanoUsd: 124_500_000,
    durationMs: 38_200,
    alerted: 'urgent',
    checkpointAt: ago(6 * 60_000),
    ...over,
  };
}

export function silence(over: Partial<Silence> = {}): Silence {
  return { sessionId: null, projectPath: null, until: null, ...over };
}

/** What the ledgers of a Plimsoll tell in which nothing has happened, by the end of a path without its query. */
export function untouched(path: string): unknown {
  const [bare = ''] = path.split('?');
  if (bare.endsWith('/alerts')) return { alerts: [], next: null };
  if (bare.endsWith('/compactions')) return { compactions: [], next: null };
  if (bare.endsWith('/checkpoints')) return { checkpoints: [] };
  if (bare.endsWith('/quiet')) return { silences: [] };
  return undefined;
}
