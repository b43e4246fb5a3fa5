// Wishes for quiet in words, and what can be wished for.

import type { QuietWish } from '../../lib/api/fetch';
import { RequestFailed, failure } from '../../lib/api/fetch';
import type { Silence } from '../../lib/api/types';
import { clockTime, duration } from '../../lib/format/time';
import { fullName, shortId, type SessionName } from '../live/sessions';

/** How long a snooze lasts, in minutes. */
export const SNOOZE = 30;

export interface Whose {
  sessionId: string;
  projectPath: string | null;
}

export interface Offer {
  label: string;
  wish: QuietWish;
}

export type Scope = 'session' | 'project' | 'all';

export function scopeOf({ sessionId, projectPath }: Silence): Scope {
  if (sessionId !== null) return 'session';
  return projectPath === null ? 'all' : 'project';
}

/** Those that still hold. `now` is server time in ms. */
export function holding(silences: readonly Silence[], now: number): Silence[] {
  return silences.filter(({ until }) => until === null || Date.parse(until) > now);
}

/** Those of `silences` that are about a session: itself, its project, everything. */
export function covering(silences: readonly Silence[], whose: Whose): Silence[] {
  return silences.filter((silence) => {
    switch (scopeOf(silence)) {
      case 'session':
        return silence.sessionId === whose.sessionId;
      case 'project':
        return silence.projectPath === whose.projectPath;
      case 'all':
        return true;
    }
  });
}

/** `snoozed until 14:32`, `muted`. */
export function briefWords({ until }: Silence, now: number): string {
  return until === null ? 'muted' : `snoozed until ${clockTime(Date.parse(until), now)}`;
}

/** `snoozed until 14:32, 28 min left`, `muted`. */
export function silenceWords(silence: Silence, now: number): string {
  const words = briefWords(silence, now);
  if (silence.until === null) return words;
  return `${words}, ${duration(Date.parse(silence.until) - now)} left`;
}

const WHAT: Record<Scope, string> = { session: 'session', project: 'project', all: 'all sessions' };

/** What of a session is quiet: `session snoozed until 14:32, 28 min left; project muted`; `null` where nothing is. */
export function quietWords(covered: readonly Silence[], now: number): string | null {
  if (covered.length === 0) return null;
  return covered
    .map((silence) => `${WHAT[scopeOf(silence)]} ${silenceWords(silence, now)}`)
    .join('; ');
}

/** Whose notifications a wish holds back: `Session api-server`, `Project web`, `All sessions`. */
export function whoseWords(
  { sessionId, projectPath }: Silence,
  named: ReadonlyMap<string, SessionName>,
): string {
  if (sessionId !== null) {
    const name = named.get(sessionId);
    return `Session ${name === undefined ? shortId(sessionId) : fullName(name)}`;
  }
  if (projectPath !== null) return `Project ${projectPath.split(/[\\/]/).filter(Boolean).at(-1)}`;
  return 'All sessions';
}

const WIDEST: readonly Scope[] = ['all', 'project', 'session'];

/** Those about the most first. */
export function widestFirst(silences: readonly Silence[]): Silence[] {
  const place = (silence: Silence) => WIDEST.indexOf(scopeOf(silence));
  return silences.toSorted((a, b) => place(a) - place(b));
}

/** What of a session is quiet beside everything: that is said once, not of each. */
export function ownQuiet(silences: readonly Silence[], whose: Whose): Silence[] {
  return covering(silences, whose).filter((silence) => scopeOf(silence) !== 'all');
}

/** How a wish is taken back. */
export function lifting(silence: Silence): Offer {
  const { sessionId, projectPath, until } = silence;
  const wish: QuietWish = { minutes: 0 };
  if (sessionId !== null) wish.sessionId = sessionId;
  else if (projectPath !== null) wish.projectPath = projectPath;
  const scope = scopeOf(silence);
  const snooze = scope === 'session' ? 'End snooze' : `End snooze of ${WHAT[scope]}`;
  return { label: until === null ? `Unmute ${WHAT[scope]}` : snooze, wish };
}

/** What can be wished for of a session, beside what holds of it. */
export function offers(covered: readonly Silence[], whose: Whose): Offer[] {
  const { sessionId, projectPath } = whose;
  const own = covered.find((silence) => scopeOf(silence) === 'session');
  const muted = own !== undefined && own.until === null;
  const project = covered.some((silence) => scopeOf(silence) === 'project');
  return [
    ...(own === undefined
      ? [{ label: `Snooze ${SNOOZE} min`, wish: { sessionId, minutes: SNOOZE } }]
      : []),
    ...(muted ? [] : [{ label: 'Mute session', wish: { sessionId } }]),
    ...(project || projectPath === null ? [] : [{ label: 'Mute project', wish: { projectPath } }]),
    ...covered.map(lifting),
  ];
}

/** Why a wish was not taken, and the way that is left. */
export function refusalWords(error: unknown): string {
  return error instanceof RequestFailed && error.code === 'key-needed'
    ? 'This page may not ask for that on this system: `plimsoll quiet` in a terminal does it.'
    : failure(error);
}
