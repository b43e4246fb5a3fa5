// What the list of sessions shows, apart from how it looks.

import type {
  Checkpoint,
  Context,
  LevelMark,
  Line,
  Session,
  SessionState,
  Telemetry,
  Usage,
} from '../../lib/api/types';
import { money } from '../../lib/format/money';
import { exact, percent, tokens } from '../../lib/format/tokens';
import { outlook } from './forecast';

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

/** What a session is doing, and since when in ms: since its last activity, or since the client left it. */
export function presence(session: Session): { word: string; what: string; since: number } {
  const { endedAt, lastActivityAt, state } = session;
  return endedAt === null
    ? { word: stateWord(state), what: 'last activity', since: Date.parse(lastActivityAt) }
    : { word: 'ended', what: 'the client left it', since: Date.parse(endedAt) };
}

/** The checkpoint that was acknowledged in the present cycle. */
export function savedCheckpoint({ checkpoint, context }: Session): Checkpoint | null {
  if (checkpoint === null || context === null) return null;
  return Date.parse(checkpoint.at) >= Date.parse(context.cycleStartedAt) ? checkpoint : null;
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

/** How the size of a window is known. */
export const WINDOW: Record<Context['windowKind'], string> = {
  named: 'as the client names it',
  observed: 'by the size that was reached',
  table: 'by the model',
  guessed: 'a guess, because the model is not known',
};

/** How a line is known, in a word: `learned from 12`. */
export function lineKind({ kind, observations }: Line): string {
  return observations > 0 ? `${kind} from ${exact(observations)}` : kind;
}

/** The same of where the API refuses: `assumed · API refuses`. */
export function lineWords(line: Line): string {
  return line.compacts ? lineKind(line) : `${lineKind(line)} · API refuses`;
}

/** What happens at a line. */
export function lineMeaning({ compacts }: Line): string {
  return compacts
    ? 'There the client compacts the conversation by itself.'
    : 'The client does not compact there: beyond it the API refuses requests.';
}

/** Where the levels lie: `notice at 100k, checkpoint at 134k, urgent at 154k`. */
export function levelPlaces(levels: readonly LevelMark[]): string {
  const rising = [...levels].sort((a, b) => a.tokens - b.tokens);
  return rising.map((mark) => `${mark.level} at ${tokens(mark.tokens)}`).join(', ');
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
  const parts = [
    `${about}${tokens(context.occupancyTokens)} of ${tokens(context.line.tokens)} tokens`,
    ...(context.addedTokens > 0 ? [`about ${tokens(context.addedTokens)} added since`] : []),
    `${percent(context.percentOfLine)} of the way to ${context.line.compacts ? 'the line' : 'where the API refuses'}`,
    context.level,
  ];
  const room = outlook(context);
  return [...parts, ...(room === null ? [] : [room.words])].join(', ');
}

/** `$18.40`, `$18.40 + 3 without price`, `no price`. */
export function cost(usage: Session['usage']): string {
  if (usage.costNanoUsd === null || usage.unpricedRequests === 0) return money(usage.costNanoUsd);
  return `${money(usage.costNanoUsd)} + ${usage.unpricedRequests} without price`;
}
