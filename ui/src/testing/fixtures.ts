// Builders of what the API says: whole objects of which a test names only what matters to it.

import type {
  Backfill,
  Change,
  Checkpoint,
  Context,
  Forecast,
  LevelName,
  LevelReached,
  Line,
  Listener,
  Problem,
  Session,
  Snapshot,
  Subagent,
  Tokens,
  Usage,
  UsageRecord,
} from '../lib/api/types';

/** The server's time in every fixture. */
export const NOW = Date.parse('2026-11-23T14:02:00.000Z');

export function ago(ms: number): string {
  return new Date(NOW - ms).toISOString();
}

export function tokensOf(input = 0, output = 0, cacheRead = 0, cacheCreation = 0): Tokens {
  return {
    input,
    output,
    cacheRead,
    cacheCreation,
    total: input + output + cacheRead + cacheCreation,
  };
}

export function usage(over: Partial<Usage> = {}): Usage {
  const costNanoUsd = over.costNanoUsd === undefined ? 2_400_000_000 : over.costNanoUsd;
  return {
    tokens: tokensOf(2285, 5617, 1_989_900, 166_527),
    unattributed: tokensOf(),
    requests: 41,
    unpricedRequests: 0,
    ...over,
    costNanoUsd,
    costUsd: costNanoUsd === null ? null : costNanoUsd / 1e9,
  };
}

const LEVELS = [
  ['notice', 60],
  ['checkpoint', 80],
  ['urgent', 92],
] as const;

/** A line where the client compacts, by the formula. */
export function line(tokens = 167_000, over: Partial<Line> = {}): Line {
  return {
    tokens,
    kind: 'assumed',
    observations: 0,
    compacts: true,
    reason: "assumed from the window's size",
    ...over,
  };
}

/** One that so many compactions taught. */
export function learned(observations: number, tokens = 167_000): Line {
  const reason = `learned from ${observations} compactions`;
  return line(tokens, { kind: 'learned', observations, reason });
}

/** One where the client never compacts. */
export function refusing(tokens = 200_000): Line {
  const reason =
    'the client never compacts this model by itself: the line is where the API refuses';
  return line(tokens, { compacts: false, reason });
}

/** So many turns and minutes, each with a band around it. */
export function forecast(turns: number, minutes: number): Forecast {
  return {
    turns,
    minutes,
    turnsBand: [Math.max(0, turns - 1), turns + 2],
    minutesBand: [Math.max(0, minutes - 3), minutes + 5],
  };
}

export function context(occupancy: number, over: Partial<Context> = {}): Context {
  const end = over.line?.tokens ?? 167_000;
  const percent = Math.floor((1000 * occupancy) / end) / 10;
  const level: LevelName = LEVELS.findLast(([, at]) => percent >= at)?.[0] ?? 'calm';
  const mark = ([name, at]: (typeof LEVELS)[number]) => ({
    level: name,
    percent: at,
    tokens: Math.ceil((end * at) / 100),
  });
  return {
    occupancyTokens: occupancy,
    estimated: false,
    addedTokens: 0,
    windowTokens: 200_000,
    windowKind: 'table',
    line: line(),
    headroomTokens: Math.max(0, end - occupancy),
    percentOfLine: percent,
    level,
    levels: [mark(LEVELS[0]), mark(LEVELS[1]), mark(LEVELS[2])],
    forecast: null,
    cycleStartedAt: ago(48 * 60_000),
    requestsInCycle: 37,
    asOf: ago(2000),
    ...over,
  };
}

export function session(over: Partial<Session> = {}): Session {
  return {
    sessionId: '3f2a1b09-77aa-4c1d-9e2f-0123456789ab',
    project: 'api-server',
    projectPath: '/home/dana/work/api-server',
    branch: 'fix/retry',
    client: 'claude-code',
    clientVersion: '2.1.330',
    model: 'claude-opus-4-6',
    modelName: 'Opus 4.6',
    state: 'working',
    context: context(51_203),
    subagents: [],
    usage: usage(),
    compactions: 1,
    telemetry: { events: true, metrics: true },
    source: { kind: 'exact', reason: null, since: null },
    startedAt: ago(3 * 3_600_000),
    lastEventAt: ago(2000),
    lastActivityAt: ago(2000),
    endedAt: null,
    checkpoint: null,
    ...over,
  };
}

export function subagent(over: Partial<Subagent> = {}): Subagent {
  return {
    agentId: 'a41c0de9',
    name: 'Explore',
    model: 'claude-haiku-4-5',
    modelName: 'Haiku 4.5',
    state: 'working',
    context: context(34_000),
    lastActivityAt: ago(4000),
    ...over,
  };
}

export function checkpoint(over: Partial<Checkpoint> = {}): Checkpoint {
  return {
    sessionId: session().sessionId,
    at: ago(3 * 60_000),
    note: 'step 3 of 5',
    path: '/home/dana/work/api-server/NOTES.md',
    tokens: 140_000,
    revision: 390,
    ...over,
  };
}

export function reached(over: Partial<LevelReached> = {}): LevelReached {
  return {
    revision: 402,
    sessionId: session().sessionId,
    agentId: null,
    project: 'api-server',
    model: 'claude-opus-4-6',
    level: 'checkpoint',
    occupancyTokens: 151_203,
    lineTokens: 167_000,
    compacts: true,
    percentOfLine: 90.5,
    turnsLeft: 4,
    minutesLeft: 11,
    cycleStartedAt: ago(48 * 60_000),
    at: ago(3 * 60_000),
    ...over,
  };
}

export function listeners(
  over: Partial<Record<Listener['name'], Listener['state']>> = {},
): Listener[] {
  const listener = (name: Listener['name'], port: number): Listener => ({
    name,
    addresses: [`127.0.0.1:${port}`, `[::1]:${port}`],
    state: over[name] ?? 'listening',
  });
  return [listener('otlp-http', 4318), listener('otlp-grpc', 4317), listener('dashboard', 3030)];
}

export function problem(over: Partial<Problem> = {}): Problem {
  return {
    code: 'ledger-closed',
    severity: 'fault',
    message: 'The ledger is locked by another program.',
    since: ago(3 * 60_000),
    ...over,
  };
}

export function snapshot(over: Partial<Snapshot> = {}): Snapshot {
  return {
    revision: 400,
    version: 1,
    asOf: ago(0),
    appVersion: '0.1.0',
    startedAt: ago(26 * 3_600_000),
    sessions: [],
    today: { from: ago(14 * 3_600_000), timeZone: 'Europe/Berlin', usage: usage() },
    limits: { fiveHour: null, sevenDay: null },
    lastArrivalAt: ago(2000),
    listeners: listeners(),
    problems: [],
    backfill: null,
    ...over,
  };
}

/** A quarter of a large history, two seconds after it began. */
export function backfill(over: Partial<Backfill> = {}): Backfill {
  return {
    files: 2000,
    filesRead: 500,
    bytes: 1_184_772_180,
    bytesRead: 296_193_045,
    requests: 34_567,
    beganAt: ago(2000),
    endedAt: null,
    secondsLeft: 6,
    ...over,
  };
}

export function change(sessions: Session[], over: Partial<Change> = {}): Change {
  return {
    revision: 401,
    version: 2,
    asOf: ago(0),
    sessions,
    removed: [],
    order: sessions.map((each) => each.sessionId),
    today: null,
    limits: null,
    lastArrivalAt: ago(0),
    listeners: null,
    problems: null,
    backfill: null,
    ...over,
  };
}

export function record(over: Partial<UsageRecord> = {}): UsageRecord {
  return {
    id: 'req_1',
    requestId: 'req_1',
    orchestrationId: null,
    sessionId: session().sessionId,
    agentId: null,
    agentName: null,
    querySource: 'main',
    subsystem: null,
    model: 'claude-opus-4-6',
    inputTokens: 12,
    outputTokens: 1210,
    cacheReadTokens: 147_180,
    cacheCreationTokens: 2801,
    costNanoUsd: 104_000_000,
    costUsd: 0.104,
    costBasis: 'client',
    finished: null,
    durationMs: 8200,
    timestamp: ago(2000),
    from: null,
    unattributed: false,
    provenance: ['event'],
    revision: 400,
    ...over,
  };
}
