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
 * Requests whose price nobody told and for which the price table has none.
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
export type LevelMark = { level: LevelName, 
/**
 * Of the way to the line.
 */
percent: Permille, tokens: number, };

/**
 * The line of a thread.
 */
export type Line = { tokens: number, kind: "configured" | "learned" | "assumed", 
/**
 * How many automatic compactions it was learned from; zero unless learned.
 */
observations: number, 
/**
 * Whether the client compacts there; else it is where the API refuses.
 */
compacts: boolean, 
/**
 * How it is known, in a few words.
 */
reason: string, };

/**
 * What is left before the line if it goes on as it went; the bands hold half of the cases.
 */
export type Forecast = { 
/**
 * Requests of this thread that still fit.
 */
turns: number, 
/**
 * Minutes of work.
 */
minutes: number, turnsBand: [number, number], minutesBand: [number, number], };

/**
 * An acknowledged checkpoint.
 */
export type Checkpoint = { sessionId: string, at: Time, note: string | null, path: string | null, tokens: number | null, revision: number | null, };

/**
 * How deep a thread lies.
 */
export type Context = { 
/**
 * What the next request re-sends.
 */
occupancyTokens: number, 
/**
 * Whether the occupancy is an estimate, the client's or by sizes, rather than a completed request's count.
 */
estimated: boolean, 
/**
 * About how many tokens went in since, by the sizes of tools' results; not part of the occupancy.
 */
addedTokens: number, windowTokens: number, windowKind: "named" | "observed" | "table" | "guessed", line: Line, headroomTokens: number, percentOfLine: Permille, level: LevelName, levels: Array<LevelMark>, 
/**
 * `null` while too little is known.
 */
forecast: Forecast | null, cycleStartedAt: Time, requestsInCycle: number, asOf: Time, };

/**
 * What a thread is doing.
 */
export type SessionState = "working" | "idle" | "compacted";

/**
 * Which kinds of telemetry told of the session.
 */
export type Telemetry = { events: boolean, metrics: boolean, };

/**
 * Where a session's numbers come from.
 */
export type Source = { 
/**
 * `exact`: telemetry, as far as it came. `transcripts`: the client's own files. `statusLine`: the client's status
 * line, which knows the last main request only. `sizes`: nobody tells tokens, the context is a rough estimate.
 */
kind: "exact" | "transcripts" | "statusLine" | "sizes", 
/**
 * What is wrong with its telemetry: none ever came, because it is off or the client needs a restart, or what was
 * due did not come, or its metrics go on without its events. `null` while it comes, or may still come.
 */
reason: "telemetryOff" | "telemetrySilent" | "eventsSilent" | null, 
/**
 * When it last arrived, or its events did, where they are silent.
 */
since: Time | null, };

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
 * `null` where nobody told of the main thread's requests.
 */
context: Context | null, subagents: Array<Subagent>, usage: Usage, compactions: number, telemetry: Telemetry, source: Source, startedAt: Time, lastEventAt: Time, 
/**
 * The last arrival: what its age is counted from.
 */
lastActivityAt: Time, 
/**
 * When the client left it; `null` while it did something since, or nobody told.
 */
endedAt: Time | null, 
/**
 * The checkpoint that was last acknowledged.
 */
checkpoint: Checkpoint | null, };

/**
 * The main thread's context of one session, as orchestrators ask for it.
 */
export type SessionContext = { sessionId: string, 
/**
 * What the next request re-sends.
 */
occupancyTokens: number, 
/**
 * Whether the occupancy is an estimate, the client's or by sizes, rather than a completed request's count.
 */
estimated: boolean, 
/**
 * About how many tokens went in since, by the sizes of tools' results; not part of the occupancy.
 */
addedTokens: number, windowTokens: number, windowKind: "named" | "observed" | "table" | "guessed", line: Line, headroomTokens: number, percentOfLine: Permille, level: LevelName, levels: Array<LevelMark>, 
/**
 * `null` while too little is known.
 */
forecast: Forecast | null, cycleStartedAt: Time, requestsInCycle: number, asOf: Time, };

/**
 * What waiting for a session's context came to.
 */
export type Waited = { 
/**
 * `reached`: what was waited for is so. `timeout`: it is not so yet. `ended`: the client left the session.
 */
outcome: "reached" | "timeout" | "ended", 
/**
 * The context as it now is; `null` where nobody told of it.
 */
context: SessionContext | null, };

/**
 * A main thread was compacted just now.
 */
export type Compacted = { sessionId: string, project: string | null, 
/**
 * How many of the session were seen.
 */
compactions: number, 
/**
 * The context as it now is: the client's estimate until the next request.
 */
context: Context | null, };

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
 * How much of a limit is used.
 */
export type Limit = { usedPercent: Permille, resetsAt: Time, 
/**
 * When it was told: what its age is counted from.
 */
toldAt: Time, };

/**
 * The limits of the user's plan, as a status line last told them; `null` where none did, or where the limit has
 * begun anew since.
 */
export type Limits = { fiveHour: Limit | null, sevenDay: Limit | null, };

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
export type Snapshot = { revision: number, version: number, asOf: Time, appVersion: string, startedAt: Time, sessions: Array<Session>, today: Today, limits: Limits, 
/**
 * Of telemetry, hooks and status lines; what is read in files does not arrive.
 */
lastArrivalAt: Time | null, listeners: Array<Listener>, problems: Array<Problem>, 
/**
 * How far the last long reading of transcripts is, or what it came to; `null` before the first.
 */
backfill: Backfill | null, };

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
 * `null` where it did not change, as `limits`, `listeners`, `problems` and `backfill`.
 */
today: Today | null, limits: Limits | null, lastArrivalAt: Time | null, listeners: Array<Listener> | null, problems: Array<Problem> | null, backfill: Backfill | null, };

/**
 * A thread reached a level, once a cycle and level.
 */
export type LevelReached = { revision: number, sessionId: string, agentId: string | null, project: string | null, model: string | null, level: LevelName, occupancyTokens: number, lineTokens: number, 
/**
 * Whether the client compacts at the line; else it is where the API refuses.
 */
compacts: boolean, percentOfLine: Permille, 
/**
 * Requests that were likely to fit before the line.
 */
turnsLeft: number | null, 
/**
 * The same in minutes of work.
 */
minutesLeft: number | null, cycleStartedAt: Time, at: Time, };

/**
 * What one action of an alert came to.
 */
export type Outcome = { action: "notification" | "command" | "webhook" | "inSession", result: "begun" | "done" | "failed" | "quiet", detail: string | null, at: Time, };

/**
 * An alert, what was done about it, and whether it was acknowledged.
 */
export type Alert = { outcomes: Array<Outcome>, 
/**
 * When a checkpoint was acknowledged after it, in the same cycle.
 */
acknowledgedAt: Time | null, revision: number, sessionId: string, agentId: string | null, project: string | null, model: string | null, level: LevelName, occupancyTokens: number, lineTokens: number, 
/**
 * Whether the client compacts at the line; else it is where the API refuses.
 */
compacts: boolean, percentOfLine: Permille, 
/**
 * Requests that were likely to fit before the line.
 */
turnsLeft: number | null, 
/**
 * The same in minutes of work.
 */
minutesLeft: number | null, cycleStartedAt: Time, at: Time, };

/**
 * Alerts, the newest first. `next` is the `before` of the following page.
 */
export type Alerts = { alerts: Array<Alert>, next: number | null, };

/**
 * Checkpoints, the newest first.
 */
export type Checkpoints = { checkpoints: Array<Checkpoint>, };

/**
 * One compaction.
 */
export type Compaction = { sessionId: string, agentId: string | null, project: string | null, projectPath: string | null, model: string | null, clientVersion: string | null, at: Time, trigger: "auto" | "manual", 
/**
 * The occupancy after the thread's last request before it.
 */
beforeTokens: number | null, 
/**
 * The client's own estimates.
 */
estimatedBeforeTokens: number | null, estimatedAfterTokens: number | null, 
/**
 * The occupancy after the thread's first request after it.
 */
afterTokens: number | null, 
/**
 * The request that wrote the summary.
 */
requestId: string | null, costNanoUsd: number | null, durationMs: number | null, 
/**
 * The highest level that spoke before it.
 */
alerted: LevelName, 
/**
 * When a checkpoint was last acknowledged before it; `null`: none was.
 */
checkpointAt: Time | null, };

/**
 * Compactions, the newest first. `next` is the `before` of the following page.
 */
export type Compactions = { compactions: Array<Compaction>, next: string | null, };

/**
 * A wish for quiet.
 */
export type Silence = { 
/**
 * The session it is about, or
 */
sessionId: string | null, 
/**
 * the project's folder; neither: all sessions.
 */
projectPath: string | null, 
/**
 * `null`: until it is taken back.
 */
until: Time | null, };

/**
 * The wishes for quiet that hold.
 */
export type Quiet = { silences: Array<Silence>, };

/**
 * What the actions of a level came to in a rehearsal.
 */
export type Rehearsed = { actions: Array<RehearsedAction>, };

/**
 * What one action came to in a rehearsal.
 */
export type RehearsedAction = { action: "notification" | "command" | "webhook" | "inSession", result: "done" | "failed" | "off", detail: string | null, };

/**
 * A warning, once a kind, session and period. Of the amounts only that of its kind is there.
 */
export type Warning = { revision: number, kind: "fiveHourLimit" | "sevenDayLimit" | "dailyCost" | "silent" | "errors" | "cacheBreak", 
/**
 * The session; `null` for limits, costs and errors, which are of all.
 */
sessionId: string | null, project: string | null, 
/**
 * One sentence for people, with local times.
 */
message: string, 
/**
 * When the limit begins anew, the local day began, telemetry last came, the first error or the request was.
 */
period: Time, 
/**
 * How much of the limit is used.
 */
percentOfLimit: Permille | null, 
/**
 * What the day has cost.
 */
costNanoUsd: number | null, costUsd: number | null, 
/**
 * How many errors there were.
 */
errors: number | null, 
/**
 * What was sent anew because the cache had it no more.
 */
tokens: number | null, at: Time, };

/**
 * Warnings, the newest first. `next` is the `before` of the following page.
 */
export type Warnings = { warnings: Array<Warning>, next: number | null, };

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
id: string, requestId: string | null, orchestrationId: string | null, sessionId: string | null, agentId: string | null, agentName: string | null, querySource: "main" | "subagent" | "auxiliary", subsystem: string | null, model: string, inputTokens: number, outputTokens: number, cacheReadTokens: number, cacheCreationTokens: number, costNanoUsd: number | null, costUsd: number | null, 
/**
 * Who says what it cost: the client, or the price table, where the client does not; `null` without a cost.
 */
costBasis: "client" | "priceTable" | null, 
/**
 * Whether the answer came to its end; `null` where not told. One that was aborted has an output that is estimated.
 */
finished: boolean | null, durationMs: number | null, 
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
 * How far the reading of history from transcripts is.
 */
export type Backfill = { files: number, filesRead: number, bytes: number, bytesRead: number, requests: number, beganAt: Time, endedAt: Time | null, 
/**
 * By its speed so far; `null` while nothing tells, and at its end.
 */
secondsLeft: number | null, };

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
export type Health = { status: "ok" | "degraded", appVersion: string, startedAt: Time, uptimeSeconds: number, listeners: Array<Listener>, problems: Array<Problem>, backfill: Backfill | null, tasks: Array<Task>, counters: Array<Counter>, unknownSignals: Array<UnknownSignal>, lastArrivalAt: Time | null, revision: number, };

/**
 * One record or data point: its time, names and values as far as they may be shown.
 */
export type SignalSeen = { at: Time, kind: "event" | "metric" | "span", scope: string, name: string, sessionId: string | null, attributes: Record<string, string>, understood: string, };

/**
 * What follows for the books.
 */
export type Verdict = "exact" | "explained" | "unexplained";

/**
 * Sessions by verdict.
 */
export type VerdictCounts = { exact: number, explained: number, unexplained: number, };

/**
 * Why witnesses differ.
 */
export type AuditReason = { 
/**
 * Stable code, e.g. `receiver-missed`.
 */
code: string, sentence: string, 
/**
 * How many audited sessions have it.
 */
sessions: number, };

/**
 * A sum that somebody tells.
 */
export type Told = { 
/**
 * `null` where only sums are told.
 */
requests: number | null, tokens: Tokens, costNanoUsd: number | null, };

/**
 * A sum of use as each witness tells it; `null` where it never told of the session.
 */
export type Sides = { events: Told | null, metrics: Told | null, 
/**
 * Transcripts never tell of compactions and titles.
 */
transcripts: Told | null, 
/**
 * What is known request by request: what the witnesses are compared with.
 */
counted: Told, 
/**
 * What only metrics know.
 */
unattributed: Told, 
/**
 * What reports say: `counted` and `unattributed`.
 */
books: Told, };

/**
 * The use of one model by one part of the client.
 */
export type AuditLine = { model: string, modelName: string, source: "main" | "subagent" | "auxiliary", told: Sides, };

/**
 * The client's prices of one model beside those of the price table.
 */
export type PriceCheck = { model: string, 
/**
 * What the books say that it cost.
 */
costNanoUsd: number, 
/**
 * Requests whose two prices are more than a hundredth apart.
 */
requests: number, 
/**
 * By how much the client's prices of these are above those of the table.
 */
driftNanoUsd: number, 
/**
 * Requests apart from these: begun anew, aborted, or with web searches.
 */
apartRequests: number, apartNanoUsd: number, 
/**
 * Whether the two are more than a hundredth apart, in all.
 */
drifts: boolean, };

/**
 * The client's own sum over one model of a session.
 */
export type StatedTotal = { model: string, at: Time, told: Told, };

/**
 * What the status line last showed.
 */
export type StatusLine = { at: Time, model: string | null, windowTokens: number | null, 
/**
 * The tokens of the main thread's last request.
 */
context: Tokens | null, costNanoUsd: number | null, };

/**
 * Tokens more (or less, below zero) by type.
 */
export type Balance = { input: number, output: number, cacheRead: number, cacheCreation: number, };

/**
 * Where a witness tells otherwise than what is counted.
 */
export type Difference = { teller: "events" | "metrics" | "transcripts" | "client" | "books", model: string | null, 
/**
 * `null` where the teller does not tell the parts apart.
 */
source: "main" | "subagent" | "auxiliary" | null, 
/**
 * What it tells, less what is counted.
 */
tokens: Balance, 
/**
 * Requests that it does not tell of; `null` where it tells of sums only.
 */
missingRequests: number | null, 
/**
 * Requests of which it tells other tokens.
 */
disputedRequests: number, 
/**
 * Why; empty where nobody knows.
 */
reasons: Array<string>, };

/**
 * Events of a client process that did not arrive, as their running numbers show.
 */
export type MissedEvents = { process: number, first: number, last: number, 
/**
 * When the event before them arrived; `null` where they are the first.
 */
since: Time | null, until: Time, 
/**
 * Requests of that time that transcripts told of.
 */
foundRequests: number, 
/**
 * Who shows that no request is missing for them; empty while nobody does.
 */
closedBy: Array<"metrics" | "client">, };

/**
 * A request that only one of events and transcripts tells of.
 */
export type LoneRequest = { id: string, 
/**
 * Who tells of it.
 */
teller: "events" | "transcripts", at: Time, model: string, source: "main" | "subagent" | "auxiliary", agentId: string | null, tokens: Tokens, 
/**
 * Why the other one does not; `null` where nobody knows.
 */
reason: string | null, };

/**
 * The audit of one session.
 */
export type SessionAudit = { 
/**
 * `null` for what came without a session id.
 */
sessionId: string | null, project: string | null, projectPath: string | null, clientVersion: string | null, startedAt: Time, lastEventAt: Time, lastActivityAt: Time, verdict: Verdict, 
/**
 * The codes of everything that explains what is there and what is not.
 */
reasons: Array<string>, lines: Array<AuditLine>, total: Sides, 
/**
 * The client's own sums; after a fork those of the session it came from are in them.
 */
stated: Array<StatedTotal>, statusLine: StatusLine | null, 
/**
 * Where witnesses tell otherwise than what is counted.
 */
differences: Array<Difference>, missedEvents: Array<MissedEvents>, 
/**
 * Requests that were told under more than one name, and are counted once.
 */
copies: number, 
/**
 * Requests whose answer did not come to its end.
 */
unfinished: number, 
/**
 * Requests that were pruned: they count, and nobody can tell any more who told of them.
 */
pruned: number, prices: Array<PriceCheck>, 
/**
 * Requests that only one of events and transcripts tells of; where one session was asked for.
 */
loneRequests: Array<LoneRequest>, };

/**
 * What every witness tells of the same use, and what that says of the books.
 */
export type Audit = { asOf: Time, verdict: Verdict, 
/**
 * The verdict in one sentence.
 */
sentence: string, counts: VerdictCounts, 
/**
 * Use over all audited sessions by model and part of the client.
 */
lines: Array<AuditLine>, 
/**
 * Over all audited sessions and models.
 */
total: Sides, 
/**
 * Every reason that any audited session has.
 */
reasons: Array<AuditReason>, prices: Array<PriceCheck>, 
/**
 * The unexplained ones first, then the last active ones.
 */
sessions: Array<SessionAudit>, 
/**
 * Audited sessions that are not listed.
 */
more: number, };

/**
 * What Plimsoll can do itself without harm.
 */
export type Fix = { 
/**
 * Connect a client, or take from other users the right to read something.
 */
name: "connect" | "make-private", 
/**
 * The client's configuration folder, or what others can read.
 */
path: string, };

/**
 * Something that is wrong, and the way out.
 */
export type Finding = { 
/**
 * A stable code.
 */
code: string, 
/**
 * Whether something is missing, or could be better.
 */
severity: "problem" | "advice", 
/**
 * What is wrong; one sentence.
 */
what: string, 
/**
 * What to do; one sentence.
 */
remedy: string, 
/**
 * What Plimsoll can do itself: on the Connect page, or with `plimsoll doctor --fix`.
 */
fix: Fix | null, };

/**
 * One settings file of the client.
 */
export type Installation = { 
/**
 * The file, as it was found.
 */
settings: string, 
/**
 * Whether telemetry comes here.
 */
state: "connected" | "partly" | "not-connected" | "elsewhere" | "locked" | "unusable", 
/**
 * Why it cannot be changed, or what stands against it; one sentence.
 */
trouble: string | null, 
/**
 * Where its telemetry goes now, if that is elsewhere: host and port.
 */
destination: string | null, 
/**
 * Whether hooks of ours are in it.
 */
hooks: boolean, 
/**
 * Whose status line is in it.
 */
statusLine: "none" | "ours" | "theirs", 
/**
 * What would change, as a unified diff; empty where nothing would. Secrets are masked.
 */
diff: string, 
/**
 * What disconnecting would change; empty where nothing would.
 */
undo: string, 
/**
 * Names the file's present content; to be sent with the wish to change it.
 */
fingerprint: string, 
/**
 * When Plimsoll last changed it.
 */
connectedAt: Time | null, 
/**
 * The copy of what was there before that.
 */
backup: string | null, };

/**
 * Settings to copy into another place.
 */
export type Snippet = { 
/**
 * A stable name: `shell`, `ssh`, ...
 */
name: string, 
/**
 * The place, for people.
 */
title: string, 
/**
 * What to copy.
 */
text: string, };

/**
 * How the client's settings could be changed, installation by installation.
 */
export type ConnectPlan = { 
/**
 * The address that clients would send to.
 */
endpoint: string, 
/**
 * Every settings file that was found, or would be made.
 */
installations: Array<Installation>, 
/**
 * The same settings for other places, to copy.
 */
snippets: Array<Snippet>, };

/**
 * A settings file that was changed.
 */
export type Connected = { 
/**
 * The file.
 */
settings: string, 
/**
 * The copy of what was there before; none where there was no file.
 */
backup: string | null, 
/**
 * When it was written; nothing was to be changed otherwise.
 */
writtenAt: Time | null, 
/**
 * Values of ours that somebody changed since, which therefore stayed.
 */
kept: Array<string>, };

/**
 * The first request since.
 */
export type FirstRequest = { 
/**
 * Its session.
 */
sessionId: string, 
/**
 * The model that answered.
 */
model: string, 
/**
 * When the answer was complete, by the client's clock.
 */
at: Time, 
/**
 * From there until it was in the books, in milliseconds.
 */
afterMs: number, };

/**
 * The first request that telemetry told of, or why there is none.
 */
export type Proof = { 
/**
 * The request.
 */
arrived: FirstRequest | null, 
/**
 * What is most likely wrong, when none came in time.
 */
likely: Finding | null, };

/**
 * One running client process.
 */
export type RunningClient = { 
/**
 * Its process.
 */
pid: number, 
/**
 * Whether its telemetry comes here.
 */
state: "sending" | "starting" | "needs-restart" | "silent" | "sending-elsewhere" | "telemetry-off" | "locked", 
/**
 * The folder it works in.
 */
project: string | null, 
/**
 * Sessions that it told of, if it sends.
 */
sessions: Array<string>, 
/**
 * When it was started.
 */
startedAt: Time, 
/**
 * When it last sent anything.
 */
lastExportAt: Time | null, 
/**
 * What to do about it; nothing where all is well.
 */
finding: Finding | null, };

/**
 * What was found of the clients on this machine.
 */
export type Doctor = { 
/**
 * When it was looked at.
 */
examinedAt: Time, 
/**
 * Every running client.
 */
clients: Array<RunningClient>, 
/**
 * What is wrong besides, the worst first.
 */
findings: Array<Finding>, };

/**
 * Whether the welcome was shown.
 */
export type Welcome = { 
/**
 * It was, to its end or skipped.
 */
seen: boolean, };

/**
 * A stable code, and one sentence for people.
 */
export type ErrorDetail = { code: string, message: string, };

/**
 * The body of every refusal.
 */
export type ApiError = { error: ErrorDetail, };
