import type {
  Alerts,
  ApiError,
  Audit,
  Checkpoints,
  Compactions,
  Connected,
  ConnectPlan,
  Doctor,
  Health,
  Proof,
  Quiet,
  Session,
  SessionBooks,
  UsageRecord,
  UsageRecords,
  UsageReport,
  Welcome,
} from './types';

/** What went wrong, as one sentence for the reader and a code that stays the same. */
export class RequestFailed extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** The sentence that tells of a failure. */
export function failure(error: unknown): string {
  return error instanceof RequestFailed ? error.message : 'The answer could not be read.';
}

/** Reads one JSON answer; every failure becomes a `RequestFailed`. */
function read<T>(path: string, signal: AbortSignal): Promise<T> {
  return ask(path, { signal, headers: { accept: 'application/json' } });
}

/** Asks for a change. Once asked for, it is not taken back. */
function send<T>(path: string, body: unknown): Promise<T> {
  const headers = { accept: 'application/json', 'content-type': 'application/json' };
  return ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function ask<T>(path: string, init: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new RequestFailed('unreachable', 'Plimsoll does not answer.');
  }
  const body: unknown = await response.json().catch(() => null);
  if (response.ok && body !== null) return body as T;
  const told = (body as ApiError | null)?.error;
  throw new RequestFailed(
    told?.code ?? `http-${response.status}`,
    told?.message ?? `Plimsoll answered with status ${response.status}.`,
  );
}

/** The server's clock in ms, by the second; `null` where it cannot be told. */
export async function fetchClock(): Promise<number | null> {
  const response = await fetch('/api/v1/health', { cache: 'no-store' }).catch(() => null);
  const time = Date.parse(response?.headers.get('date') ?? '');
  return Number.isNaN(time) ? null : time;
}

export function fetchSession(id: string, signal: AbortSignal): Promise<Session | SessionBooks> {
  return read(`/api/v1/sessions/${encodeURIComponent(id)}`, signal);
}

/** The audit of the sessions active since `since` (RFC 3339), or of one session. */
export function fetchAudit(
  session: string | null,
  since: string | null,
  signal: AbortSignal,
): Promise<Audit> {
  const query = new URLSearchParams();
  if (session !== null) query.set('session', session);
  if (since !== null) query.set('since', since);
  return read(`/api/v1/audit?${query}`, signal);
}

/** What is wished of connecting. */
export interface ConnectChoices {
  hooks: boolean;
  statusLine: boolean;
  /** Whether telemetry that goes elsewhere is to come here instead. */
  replace: boolean;
}

/** What connecting would change; changes nothing. */
export function fetchPlan(choices: ConnectChoices, signal: AbortSignal): Promise<ConnectPlan> {
  const query = new URLSearchParams(
    Object.entries(choices).map(([name, wished]) => [name, String(wished)]),
  );
  return read(`/api/v1/connect?${query}`, signal);
}

/** A settings file with the content that its difference was shown of. */
interface Shown {
  settings: string;
  fingerprint: string;
}

export function connect(
  { settings, fingerprint }: Shown,
  choices: ConnectChoices,
): Promise<Connected> {
  return send('/api/v1/connect', { settings, fingerprint, choices });
}

export function disconnect({ settings, fingerprint }: Shown): Promise<Connected> {
  return send('/api/v1/disconnect', { settings, fingerprint });
}

/** Waits up to 20 s for the first request that telemetry tells of after `since` (RFC 3339). */
export function fetchProof(since: string, signal: AbortSignal): Promise<Proof> {
  return read(`/api/v1/proof?${new URLSearchParams({ since, timeout: '20' })}`, signal);
}

export function fetchDoctor(signal: AbortSignal): Promise<Doctor> {
  return read('/api/v1/doctor', signal);
}

export function fetchHealth(signal: AbortSignal): Promise<Health> {
  return read('/api/v1/health', signal);
}

export function fetchWelcome(signal: AbortSignal): Promise<Welcome> {
  return read('/api/v1/welcome', signal);
}

export function sendWelcome(seen: boolean): Promise<Welcome> {
  return send('/api/v1/welcome', { seen });
}

/** The use from `from` to `to` (RFC 3339). */
export function fetchUsage(
  by: 'project' | 'model',
  from: string,
  to: string,
  signal: AbortSignal,
): Promise<UsageReport> {
  return read(`/api/v1/usage?${new URLSearchParams({ by, from, to })}`, signal);
}

/** What a page of a ledger is asked for with; without a session, of all of them. */
export interface PageWish<Cursor> {
  session: string | null;
  /** The `next` of the page above; `null` for the newest. */
  before: Cursor | null;
  limit: number;
}

function pageQuery({ session, before, limit }: PageWish<string | number>): string {
  const query = new URLSearchParams({ limit: String(limit) });
  if (session !== null) query.set('session', session);
  if (before !== null) query.set('before', String(before));
  return query.toString();
}

export function fetchAlerts(wish: PageWish<number>, signal: AbortSignal): Promise<Alerts> {
  return read(`/api/v1/alerts?${pageQuery(wish)}`, signal);
}

export function fetchCompactions(
  wish: PageWish<string>,
  signal: AbortSignal,
): Promise<Compactions> {
  return read(`/api/v1/compactions?${pageQuery(wish)}`, signal);
}

/** A session's last checkpoints, so many at most. */
export function fetchCheckpoints(
  session: string,
  limit: number,
  signal: AbortSignal,
): Promise<Checkpoints> {
  return read(`/api/v1/sessions/${encodeURIComponent(session)}/checkpoints?limit=${limit}`, signal);
}

/** What is to be quiet; without session and project, everything. */
export interface QuietWish {
  sessionId?: string;
  projectPath?: string;
  /** For so long; missing: until it is taken back; zero: no more. */
  minutes?: number;
}

export function fetchQuiet(signal: AbortSignal): Promise<Quiet> {
  return read('/api/v1/quiet', signal);
}

/** Answers with all wishes that hold then. */
export function sendQuiet(wish: QuietWish): Promise<Quiet> {
  return send('/api/v1/quiet', wish);
}

/** So many records per page; the server's largest. */
const PAGE = 1000;
/** A bound on what one panel reads: far beyond what a session does in the span asked for. */
const PAGES = 20;

/** A session's records from `from` (RFC 3339) on, in the order of their revision. */
export async function fetchRecords(
  session: string,
  from: string,
  signal: AbortSignal,
): Promise<UsageRecord[]> {
  const records: UsageRecord[] = [];
  let cursor: string | number | null = null;
  for (let page = 0; page < PAGES; page += 1) {
    const query = new URLSearchParams({ session, from, limit: String(PAGE) });
    if (cursor !== null) query.set('cursor', String(cursor));
    const answer: UsageRecords = await read(`/api/v1/usage-records?${query}`, signal);
    records.push(...answer.records);
    cursor = answer.next;
    if (cursor === null) break;
  }
  return records;
}
