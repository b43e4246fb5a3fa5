import type { ApiError, Audit, Session, SessionBooks, UsageRecord, UsageRecords } from './types';

/** What went wrong, as one sentence for the reader and a code that stays the same. */
export class RequestFailed extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** Reads one JSON answer; every failure becomes a `RequestFailed`. */
async function read<T>(path: string, signal: AbortSignal): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { signal, headers: { accept: 'application/json' } });
  } catch (cause) {
    if (signal.aborted) throw cause;
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
