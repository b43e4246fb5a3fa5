// The wire types of the API. Generated from src-tauri/crates/api/src/dto:
// PLIMSOLL_WRITE_TYPES=1 cargo test -p plimsoll-api typescript

/**
 * A time as RFC 3339 in UTC with milliseconds.
 */
export type Time = string;

/**
 * A percentage with at most one decimal, kept as an integer of permille: `60`, `90.5`.
 */
export type Permille = number;

/**
 * Token counts by type.
 */
export type Tokens = { input: number, output: number, cacheRead: number, cacheCreation: number, total: number, };

/**
 * A sum of use. Cost is `null` where something was used and nobody told any price.
 */
export type Usage = { 
/**
 * All tokens, those of `unattributed` included.
 */
tokens: Tokens, 
/**
 * The part that only metrics know.
 */
unattributed: Tokens, requests: number, 
/**
 * Requests whose price nobody told.
 */
unpricedRequests: number, 
/**
 * In billionths of a dollar.
 */
costNanoUsd: number | null, costUsd: number | null, };

/**
 * A level, or `calm` below the first.
 */
export type LevelName = "calm" | "notice" | "checkpoint" | "urgent";

/**
 * Where a level lies for a line.
 */
export type LevelMark = { level: LevelName, percent: Permille, tokens: number, };

/**
 * The line of a thread.
 */
export type Line = { tokens: number, kind: "assumed", observations: number, };

/**
 * How deep a thread lies.
 */
export type Context = { 
/**
 * What the next request re-sends.
 */
occupancyTokens: number, 
/**
 * Whether the occupancy is the client's estimate rather than a completed request's count.
 */
estimated: boolean, windowTokens: number, windowKind: "named" | "observed" | "table" | "guessed", line: Line, headroomTokens: number, percentOfLine: Permille, level: LevelName, levels: [LevelMark, LevelMark, LevelMark], cycleStartedAt: Time, requestsInCycle: number, asOf: Time, };

/**
 * What a thread is doing.
 */
export type SessionState = "working" | "idle" | "compacted";

/**
 * Which kinds of telemetry told of the session.
 */
export type Telemetry = { events: boolean, metrics: boolean, };

/**
 * A subagent of a live session.
 */
export type Subagent = { agentId: string, name: string | null, model: string, modelName: string, state: SessionState, context: Context, lastActivityAt: Time, };

/**
 * A live session.
 */
export type Session = { sessionId: string, 
/**
 * The last part of the project's path.
 */
project: string | null, projectPath: string | null, branch: string | null, client: string, clientVersion: string | null, model: string | null, modelName: string | null, state: SessionState, 
/**
 * `null` where no event told of the main thread's requests.
 */
context: Context | null, subagents: Array<Subagent>, usage: Usage, compactions: number, telemetry: Telemetry, startedAt: Time, lastEventAt: Time, 
/**
 * The last arrival: what its age is counted from.
 */
lastActivityAt: Time, };

/**
 * The main thread's context of one session, as orchestrators ask for it.
 */
export type SessionContext = { sessionId: string, 
/**
 * Turns and minutes until the line; not known yet.
 */
forecast: null, 
/**
 * What the next request re-sends.
 */
occupancyTokens: number, 
/**
 * Whether the occupancy is the client's estimate rather than a completed request's count.
 */
estimated: boolean, windowTokens: number, windowKind: "named" | "observed" | "table" | "guessed", line: Line, headroomTokens: number, percentOfLine: Permille, level: LevelName, levels: [LevelMark, LevelMark, LevelMark], cycleStartedAt: Time, requestsInCycle: number, asOf: Time, };

/**
 * The books of one session.
 */
export type SessionBooks = { sessionId: string, project: string | null, projectPath: string | null, branch: string | null, clientVersion: string | null, usage: Usage, telemetry: Telemetry, startedAt: Time, lastEventAt: Time, lastActivityAt: Time, live: boolean, };

/**
 * Books of sessions, the last active first. `next` is the `before` of the following page.
 */
export type SessionPage = { sessions: Array<SessionBooks>, next: string | null, };

/**
 * Use since local midnight.
 */
export type Today = { from: Time, timeZone: string, usage: Usage, };

/**
 * One address that the resident listens on, or would.
 */
export type Listener = { name: "otlp-http" | "otlp-grpc" | "dashboard", addresses: Array<string>, state: "listening" | "portTaken" | "failed", };

/**
 * Something that needs the user.
 */
export type Problem = { code: string, severity: "fault" | "hint", message: string, since: Time, };

/**
 * Everything live at one moment.
 */
export type Snapshot = { revision: number, version: number, asOf: Time, appVersion: string, startedAt: Time, sessions: Array<Session>, today: Today, lastArrivalAt: Time | null, listeners: Array<Listener>, problems: Array<Problem>, };

/**
 * What differs between the snapshot sent last and the newest; versions skipped are contained in it.
 */
export type Change = { revision: number, 
/**
 * Grows with every change of one stream.
 */
version: number, asOf: Time, 
/**
 * The changed and the new ones.
 */
sessions: Array<Session>, removed: Array<string>, 
/**
 * Every session's id, in the order to show.
 */
order: Array<string>, 
/**
 * `null` where it did not change, as `listeners` and `problems`.
 */
today: Today | null, lastArrivalAt: Time | null, listeners: Array<Listener> | null, problems: Array<Problem> | null, };

/**
 * A thread reached a level, once a cycle and level.
 */
export type LevelReached = { revision: number, sessionId: string, agentId: string | null, project: string | null, level: LevelName, occupancyTokens: number, line: Line, percentOfLine: Permille, cycleStartedAt: Time, at: Time, };

/**
 * One line of a report.
 */
export type UsageRow = { 
/**
 * Model, project path or session id, `null` where it is not known; by day, the local date; by hour and
 * quarter, `null`.
 */
group: string | null, 
/**
 * Where the step begins, in reports by time.
 */
start: Time | null, usage: Usage, };

/**
 * A report of use.
 */
export type UsageReport = { from: Time, to: Time, timeZone: string, by: "quarter" | "hour" | "day" | "model" | "project" | "session", rows: Array<UsageRow>, total: Usage, };

/**
 * One API request, or what only metrics know of a session.
 */
export type UsageRecord = { 
/**
 * Its permanent name.
 */
id: string, requestId: string | null, orchestrationId: string | null, sessionId: string | null, agentId: string | null, agentName: string | null, querySource: "main" | "subagent" | "auxiliary", subsystem: string | null, model: string, inputTokens: number, outputTokens: number, cacheReadTokens: number, cacheCreationTokens: number, costNanoUsd: number | null, costUsd: number | null, durationMs: number | null, 
/**
 * When it was completed; for unattributed use, the end of the span.
 */
timestamp: Time, 
/**
 * For unattributed use: where the span of its metric points begins.
 */
from: Time | null, unattributed: boolean, provenance: Array<"event" | "metric" | "transcript" | "hook">, revision: number, };

/**
 * Usage records in order of revision.
 */
export type UsageRecords = { records: Array<UsageRecord>, 
/**
 * The cursor of the next page, while more exist now.
 */
next: number | null, 
/**
 * Where to poll from: the last revision seen.
 */
cursor: number, };

/**
 * One long-lived task.
 */
export type Task = { name: string, running: boolean, restarts: number, lastError: string | null, };

/**
 * One running count.
 */
export type Counter = { name: string, label: string, value: number, };

/**
 * A signal that no dialect knows.
 */
export type UnknownSignal = { kind: string, name: string, attributes: Array<string>, seen: number, };

/**
 * Everything known of the resident's state.
 */
export type Health = { status: "ok" | "degraded", appVersion: string, startedAt: Time, uptimeSeconds: number, listeners: Array<Listener>, problems: Array<Problem>, tasks: Array<Task>, counters: Array<Counter>, unknownSignals: Array<UnknownSignal>, lastArrivalAt: Time | null, revision: number, };

/**
 * One record or data point: its time, names and values as far as they may be shown.
 */
export type SignalSeen = { at: Time, kind: "event" | "metric" | "span", scope: string, name: string, sessionId: string | null, attributes: Record<string, string>, understood: string, };

/**
 * A stable code, and one sentence for people.
 */
export type ErrorDetail = { code: string, message: string, };

/**
 * The body of every refusal.
 */
export type ApiError = { error: ErrorDetail, };
