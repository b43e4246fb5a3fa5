// What the list of sessions shows, apart from how it looks.

import type { Context, Session, SessionState, Telemetry, Usage } from '../../lib/api/types';
import { money } from '../../lib/format/money';
import { percent, tokens } from '../../lib/format/tokens';

/** Idle for longer than this, a session is one of earlier: folded, and no reason to disturb anyone. */
const EARLIER_AFTER = 60 * 60 * 1000;
/** Fewer than this many sessions of earlier are not worth a fold. */
const FOLD_FROM = 2;
/** Shortest suffix that tells sessions of one project apart. */
const SUFFIX = 4;
const SHORT_ID = 8;

export interface SessionName {
  text: string;
  /** Tells sessions of the same name apart; empty where there is one only. */
  suffix: string;
}

export function shortId(id: string, length = SHORT_ID): string {
  return id.slice(0, length);
}

/** Names by session id: the project, else a short id; sessions that share a name get a part of their id. */
export function names(sessions: readonly Session[]): Map<string, SessionName> {
  const sharing = new Map<string, Session[]>();
  for (const session of sessions) {
    const name = session.project ?? shortId(session.sessionId);
    sharing.set(name, [...(sharing.get(name) ?? []), session]);
  }
  const result = new Map<string, SessionName>();
  for (const [text, group] of sharing) {
    const length = group.length < 2 ? 0 : distinctLength(group);
    for (const session of group) {
      result.set(session.sessionId, { text, suffix: shortId(session.sessionId, length) });
    }
  }
  return result;
}

function distinctLength(group: readonly Session[]): number {
  for (let length = SUFFIX; length < 36; length += SUFFIX) {
    const seen = new Set(group.map((session) => shortId(session.sessionId, length)));
    if (seen.size === group.length) return length;
  }
  return 36;
}

/** `api-server`, or `api-server 3f2a` where several sessions are called so. */
export function fullName(name: SessionName | undefined): string {
  if (name === undefined) return 'a session';
  return name.suffix === '' ? name.text : `${name.text} ${name.suffix}`;
}

/** `now` is server time in ms. */
export function isEarlier(session: Session, now: number): boolean {
  return session.state === 'idle' && now - Date.parse(session.lastActivityAt) >= EARLIER_AFTER;
}

/** The sessions to show at once and those to fold away, each in the given order. */
export function folded(
  sessions: readonly Session[],
  now: number,
): { current: Session[]; earlier: Session[] } {
  const current = sessions.filter((session) => !isEarlier(session, now));
  const earlier = sessions.filter((session) => isEarlier(session, now));
  return earlier.length < FOLD_FROM
    ? { current: [...sessions], earlier: [] }
    : { current, earlier };
}

export function stateWord(state: SessionState): string {
  return state === 'compacted' ? 'just compacted' : state;
}

/** Why a session has no gauge, in plain words; the settings that help, where some do. */
export function noGauge(telemetry: Telemetry): { reason: string; setting: string | null } {
  if (!telemetry.events && telemetry.metrics) {
    return {
      reason: 'No gauge: this session sends metrics only.',
      setting: 'OTEL_LOGS_EXPORTER=otlp',
    };
  }
  return { reason: 'No gauge yet: no request of its main thread has come in.', setting: null };
}

/** Where an assumed line is from: from the window, which is known in one of these ways. */
const ASSUMED: Record<Context['windowKind'], string> = {
  named: 'from the window that the client names',
  observed: 'from the size it has reached',
  table: 'from the model',
  guessed: 'without knowing the model',
};

/** Where the line is from: `assumed from the model`. */
export function lineOrigin(context: Pick<Context, 'line' | 'windowKind'>): string {
  return `${context.line.kind} ${ASSUMED[context.windowKind]}`;
}

/** What a line stands for, where it is not where the client compacts. */
export function lineMeaning(context: Pick<Context, 'line' | 'windowTokens'>): string {
  return context.line.tokens >= context.windowTokens
    ? 'This model was never seen to compact by itself: its line is the whole window, where requests fail.'
    : 'At the line the client compacts the conversation by itself.';
}

/** Whether a context was emptied and nobody knows yet what the next request sends: no size, and no zero. */
export function isEmptied(context: Context): boolean {
  return context.estimated && context.occupancyTokens === 0;
}

/** Whether nothing is in the books because nobody tells it, so that their zeros say nothing of what was used. */
export function isUncounted(usage: Usage): boolean {
  return usage.costNanoUsd === null && usage.tokens.total === 0;
}

/** What the gauge says to those who do not see it. */
export function gaugeLabel(context: Context): string {
  if (isEmptied(context)) return `emptied, line at ${tokens(context.line.tokens)} tokens`;
  const about = context.estimated ? 'about ' : '';
  const of = `${about}${tokens(context.occupancyTokens)} of ${tokens(context.line.tokens)} tokens`;
  return `${of}, ${percent(context.percentOfLine)} of the way to the line, ${context.level}`;
}

/** `$18.40`, `$18.40 + 3 without price`, `no price`. */
export function cost(usage: Session['usage']): string {
  if (usage.costNanoUsd === null || usage.unpricedRequests === 0) return money(usage.costNanoUsd);
  return `${money(usage.costNanoUsd)} + ${usage.unpricedRequests} without price`;
}
