// The page's one state and the one pure function that changes it.

import type { Change, LevelReached, Session, Snapshot } from './types';

export interface LiveState {
  /** `connecting` until the first answer; `lost` while numbers may be old. */
  connection: 'connecting' | 'live' | 'lost';
  /** Local time in ms since when the stream is down. */
  lostAt: number | null;
  snapshot: Snapshot | null;
  /** Counts whole snapshots: what was fetched beside the stream is fetched again with each. */
  epoch: number;
  /** Server clock minus local clock in ms. */
  clockOffset: number;
  /** A message did not fit what is known: only a new snapshot helps. */
  outOfStep: boolean;
  /** Version of the resident that this page came from, as far as the first snapshot tells. */
  pageVersion: string | null;
  /** The last level reached, for those who hear the page. */
  reached: LevelReached | null;
}

export type LiveEvent =
  | { type: 'snapshot'; at: number; data: Snapshot }
  | { type: 'change'; at: number; data: Change }
  | { type: 'clock'; at: number; data: number }
  | { type: 'level'; at: number; data: LevelReached }
  | { type: 'unreadable' }
  | { type: 'lost'; at: number };

export const INITIAL: LiveState = {
  connection: 'connecting',
  lostAt: null,
  snapshot: null,
  epoch: 0,
  clockOffset: 0,
  outOfStep: false,
  pageVersion: null,
  reached: null,
};

/** Below this difference in ms two clocks are the same one, read by the second. */
const SAME_CLOCK = 2000;

/** `at` is local time in ms at which the event arrived. */
export function reduce(state: LiveState, event: LiveEvent): LiveState {
  switch (event.type) {
    case 'snapshot':
      return {
        ...state,
        connection: 'live',
        lostAt: null,
        snapshot: event.data,
        epoch: state.epoch + 1,
        clockOffset: Math.max(state.clockOffset, ahead(event.data, event.at)),
        outOfStep: false,
        pageVersion: state.pageVersion ?? event.data.appVersion,
      };
    case 'clock':
      return { ...state, clockOffset: measured(event.data - event.at) };
    case 'change':
      return changed(state, event.data, event.at);
    case 'level':
      return { ...state, reached: event.data };
    case 'unreadable':
      return { ...state, outOfStep: true };
    case 'lost':
      return state.connection === 'lost'
        ? state
        : { ...state, connection: 'lost', lostAt: event.at };
  }
}

function changed(state: LiveState, change: Change, at: number): LiveState {
  const before = state.snapshot;
  if (before === null) return { ...state, outOfStep: true };
  if (change.version <= before.version) return state;
  const sessions = arranged(before.sessions, change);
  if (sessions === null) return { ...state, outOfStep: true };
  const snapshot: Snapshot = {
    ...before,
    revision: change.revision,
    version: change.version,
    asOf: change.asOf,
    sessions,
    today: change.today ?? before.today,
    limits: change.limits ?? before.limits,
    lastArrivalAt: change.lastArrivalAt,
    listeners: change.listeners ?? before.listeners,
    problems: change.problems ?? before.problems,
    backfill: change.backfill ?? before.backfill,
  };
  const clockOffset = Math.max(state.clockOffset, ahead(change, at));
  return { ...state, connection: 'live', lostAt: null, snapshot, clockOffset };
}

/** The sessions in the change's order; `null` when the order names one that was never sent. */
function arranged(before: Session[], change: Change): Session[] | null {
  const known = new Map(before.map((session) => [session.sessionId, session]));
  for (const id of change.removed) known.delete(id);
  for (const session of change.sessions) known.set(session.sessionId, session);
  const sessions: Session[] = [];
  for (const id of change.order) {
    const session = known.get(id);
    if (session === undefined) return null;
    sessions.push(session);
  }
  return sessions;
}

/** How far the server's clock is ahead at least: what it sends may be old, but never of the future. */
function ahead(message: { asOf: string }, at: number): number {
  return Date.parse(message.asOf) - at;
}

function measured(difference: number): number {
  return Math.abs(difference) < SAME_CLOCK ? 0 : difference;
}
