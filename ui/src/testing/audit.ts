// Builders of audits: whole objects of which a test names only what matters to it.

import type {
  Audit,
  AuditLine,
  Difference,
  LoneRequest,
  MissedEvents,
  SessionAudit,
  Sides,
  Told,
} from '../lib/api/types';
import { ago, session as live, tokensOf } from './fixtures';

export function told(output: number, over: Partial<Told> = {}): Told {
  return { requests: 2, tokens: tokensOf(10, output, 1000, 500), costNanoUsd: 5_000_000, ...over };
}

export function sides(over: Partial<Sides> = {}): Sides {
  return {
    events: told(140),
    metrics: told(140, { requests: null }),
    transcripts: told(140, { costNanoUsd: null }),
    counted: told(140),
    unattributed: told(0, { requests: null, tokens: tokensOf(), costNanoUsd: null }),
    books: told(140),
    ...over,
  };
}

export function auditLine(over: Partial<AuditLine> = {}): AuditLine {
  return {
    model: 'claude-opus-4-6',
    modelName: 'Opus 4.6',
    source: 'main',
    told: sides(),
    ...over,
  };
}

export function difference(over: Partial<Difference> = {}): Difference {
  return {
    teller: 'events',
    model: 'claude-opus-4-6',
    source: 'main',
    tokens: { input: -10, output: -40, cacheRead: -1000, cacheCreation: -500 },
    missingRequests: 1,
    disputedRequests: 0,
    reasons: ['receiver-missed'],
    ...over,
  };
}

export function missedEvents(over: Partial<MissedEvents> = {}): MissedEvents {
  return {
    process: 7,
    first: 4,
    last: 5,
    since: ago(60_000),
    until: ago(30_000),
    foundRequests: 1,
    closedBy: ['client'],
    ...over,
  };
}

export function loneRequest(over: Partial<LoneRequest> = {}): LoneRequest {
  return {
    id: 'req_2',
    teller: 'transcripts',
    at: ago(40_000),
    model: 'claude-opus-4-6',
    source: 'main',
    agentId: null,
    tokens: tokensOf(10, 40, 1000, 500),
    reason: 'receiver-missed',
    ...over,
  };
}

export function sessionAudit(over: Partial<SessionAudit> = {}): SessionAudit {
  return {
    sessionId: live().sessionId,
    project: 'api-server',
    projectPath: '/home/dana/work/api-server',
    clientVersion: '2.1.330',
    startedAt: ago(3_600_000),
    lastEventAt: ago(600_000),
    lastActivityAt: ago(600_000),
    verdict: 'exact',
    reasons: [],
    lines: [auditLine()],
    total: sides(),
    stated: [],
    statusLine: null,
    differences: [],
    missedEvents: [],
    copies: 0,
    unfinished: 0,
    pruned: 0,
    prices: [],
    loneRequests: [],
    ...over,
  };
}

/** An audit whose verdict and counts are those of its sessions. */
export function audit(sessions: SessionAudit[], over: Partial<Audit> = {}): Audit {
  const count = (verdict: SessionAudit['verdict']) =>
    sessions.filter((session) => session.verdict === verdict).length;
  const counts = {
    exact: count('exact'),
    explained: count('explained'),
    unexplained: count('unexplained'),
  };
  const worst = counts.explained > 0 ? 'explained' : 'exact';
  return {
    asOf: ago(0),
    verdict: counts.unexplained > 0 ? 'unexplained' : worst,
    sentence: 'What follows from it.',
    counts,
    lines: [auditLine()],
    total: sides(),
    reasons: [],
    prices: [],
    sessions,
    more: 0,
    ...over,
  };
}
