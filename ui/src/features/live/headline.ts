// The one sentence: does anything need the user? And the quiet line below it.

import type { Context, LevelName, Listener, Problem, Session, Snapshot } from '../../lib/api/types';
import type { LiveState } from '../../lib/api/live';
import { age, clockTime, duration } from '../../lib/format/time';
import { percent, plural } from '../../lib/format/tokens';
import { leftThen, position, rest } from './forecast';
import { reading } from './history';
import { deaf, portsOf } from './receiver';
import { fullName, isEarlier, isEmptied, names } from './sessions';

export interface Headline {
  /** How much it needs the user; `unknown` where nothing can be said. */
  tone: LevelName | 'unknown';
  title: string;
  detail: string;
  /** The problems that the sentence tells whole. */
  told?: readonly Problem[];
}

type Gauged = Session & { context: Context };

const RANK: Record<LevelName, number> = { calm: 0, notice: 1, checkpoint: 2, urgent: 3 };

/** `now` is server time in ms. */
export function headline(state: LiveState, now: number): Headline {
  const { snapshot, connection } = state;
  if (snapshot === null) return unconnected(connection);
  if (connection === 'lost') return lost(snapshot, state, now);
  return present(snapshot, now);
}

/** The fullest session that is not one of earlier; `null` where none has a gauge. */
export function fullest(snapshot: Snapshot, now: number): Gauged | null {
  return gauged(snapshot, now).reduce<Gauged | null>(
    (most, session) =>
      most === null || session.context.percentOfLine > most.context.percentOfLine ? session : most,
    null,
  );
}

function gauged(snapshot: Snapshot, now: number): Gauged[] {
  return snapshot.sessions.filter(
    (session): session is Gauged =>
      session.context !== null && !isEmptied(session.context) && !isEarlier(session, now),
  );
}

function unconnected(connection: LiveState['connection']): Headline {
  if (connection === 'connecting')
    return { tone: 'unknown', title: 'Connecting…', detail: 'Asking for the numbers.' };
  return {
    tone: 'urgent',
    title: 'Plimsoll does not answer.',
    detail: 'Start it with `plimsoll`. This page connects by itself as soon as it runs.',
  };
}

function lost(snapshot: Snapshot, state: LiveState, now: number): Headline {
  const since = (state.lostAt ?? 0) + state.clockOffset;
  const local = since - state.clockOffset;
  const title = `Not connected: numbers are from ${clockTime(local, now - state.clockOffset)}, ${age(now - since)}.`;
  const top = fullest(snapshot, since);
  const known =
    top === null
      ? ''
      : ` Then, ${nameOf(snapshot, top)} was at ${percent(top.context.percentOfLine)} of its line.`;
  return {
    tone: 'urgent',
    title,
    detail: `Plimsoll does not answer; this page keeps trying.${known}`,
  };
}

function present(snapshot: Snapshot, now: number): Headline {
  const near = gauged(snapshot, now).filter((session) => session.context.level !== 'calm');
  const unheard = deaf(snapshot.listeners);
  const worst = Math.max(0, ...near.map((session) => RANK[session.context.level]));
  // A receiver that cannot receive makes every calm number doubtful: only what is nearly too late goes first.
  if (worst >= RANK.checkpoint) return nearLine(snapshot, near, unheard, now);
  if (unheard.length > 0) return unreachable(snapshot, unheard, near);
  const trouble = snapshot.problems.find(
    (problem) => problem.severity !== 'hint' && problem.code !== 'port-taken',
  );
  if (trouble !== undefined)
    return {
      tone: 'checkpoint',
      title: sentence(trouble.message),
      detail: overview(snapshot, now),
      told: [trouble],
    };
  if (near.length > 0) return nearLine(snapshot, near, unheard, now);
  return calm(snapshot, now);
}

function nearLine(snapshot: Snapshot, near: Gauged[], unheard: Listener[], now: number): Headline {
  const [first, ...others] = [...near].sort(
    (a, b) => b.context.percentOfLine - a.context.percentOfLine,
  ) as [Gauged, ...Gauged[]];
  const close = near.filter((session) => RANK[session.context.level] >= RANK.checkpoint).length;
  const who = nameOf(snapshot, first);
  const parts = [
    others.length === 0 ? '' : alsoNear(snapshot, others),
    takenWords(unheard),
    overview(snapshot, now, first),
  ];
  return {
    tone: first.context.level,
    title:
      close > 1
        ? `${close} sessions are near their line. ${who} ${rest(first.context)}`
        : `${who} ${position(first.context)}`,
    detail: parts.filter(Boolean).join(' '),
  };
}

/** `plimsoll is at 63 %, web at 61 %, and 2 more are on their way.` */
function alsoNear(snapshot: Snapshot, others: Gauged[]): string {
  const [second, third, ...more] = others.map(
    (session) => [nameOf(snapshot, session), percent(session.context.percentOfLine)] as const,
  );
  const words = [`${second?.[0]} is at ${second?.[1]}`];
  if (third !== undefined) words.push(`${third[0]} at ${third[1]}`);
  if (more.length > 0) words.push(`${more.length} more on the way`);
  return `${words.join(', ')}.`;
}

function unreachable(snapshot: Snapshot, unheard: Listener[], near: Gauged[]): Headline {
  const [first] = near;
  const session =
    first === undefined
      ? ''
      : ` ${nameOf(snapshot, first)} is at ${percent(first.context.percentOfLine)} of its line.`;
  const taken = unheard.every((listener) => listener.state === 'portTaken');
  const advice = taken
    ? 'What is sent there does not reach Plimsoll: stop that program, or give Plimsoll another port.'
    : 'What is wrong and what to do stands below.';
  return {
    tone: 'checkpoint',
    title: takenWords(unheard),
    detail: `${advice}${session}`,
    told: taken ? snapshot.problems.filter((problem) => problem.code === 'port-taken') : [],
  };
}

/** `Port 4318 is taken by another program.` */
function takenWords(unheard: Listener[]): string {
  if (unheard.length === 0) return '';
  const ports = portsOf(unheard);
  const taken = unheard.every((listener) => listener.state === 'portTaken');
  if (!taken) return `Plimsoll cannot receive on ${ports}.`;
  return sentence(`${ports} ${ports.startsWith('ports') ? 'are' : 'is'} taken by another program`);
}

function calm(snapshot: Snapshot, now: number): Headline {
  const { sessions, lastArrivalAt, backfill } = snapshot;
  if (sessions.length === 0)
    return reading(backfill, now)?.part == null ? quiet(lastArrivalAt, now) : remembering;
  const active = sessions.filter((session) => session.state !== 'idle');
  const latest = Math.max(...sessions.map((session) => Date.parse(session.lastActivityAt)));
  if (active.length === 0) {
    const what =
      sessions.length === 1 ? 'the session is idle' : `all ${sessions.length} sessions are idle`;
    return {
      tone: 'calm',
      title: `Nothing needs you: ${what}.`,
      detail: `The last signal came ${age(now - latest)}.`,
    };
  }
  if (active.every((session) => session.context === null)) return blind(active);
  return { tone: 'calm', title: 'Nothing needs you.', detail: overview(snapshot, now) };
}

/** Work goes on, and none of it tells how full it is: neither calm nor alarm can be claimed. */
function blind(active: Session[]): Headline {
  const metricsOnly = active.filter(
    ({ telemetry }) => telemetry.metrics && !telemetry.events,
  ).length;
  const title =
    active.length === 1
      ? 'The working session has no gauge yet.'
      : 'No working session has a gauge yet.';
  if (metricsOnly === 0)
    return {
      tone: 'unknown',
      title,
      detail: 'It appears with the first request of a main thread.',
    };
  const who = `${plural(metricsOnly, 'session sends', 'sessions send')} metrics only`;
  return { tone: 'unknown', title, detail: `${who}: set OTEL_LOGS_EXPORTER=otlp and restart.` };
}

/** No session is known yet, and none can be missed before history is read. */
const remembering: Headline = {
  tone: 'unknown',
  title: 'Reading history.',
  detail:
    'What Claude Code wrote down so far is being entered into the books. Sessions of the last 24 hours appear here.',
};

function quiet(lastArrivalAt: string | null, now: number): Headline {
  if (lastArrivalAt === null) {
    return {
      tone: 'unknown',
      title: 'Nothing has arrived yet.',
      detail: 'Plimsoll is listening. Three steps make Claude Code report to it.',
    };
  }
  const since = duration(now - Date.parse(lastArrivalAt));
  return {
    tone: 'calm',
    title: 'Nothing needs you: no sessions in the last 24 hours.',
    detail: `The last signal came ${since} ago.`,
  };
}

/** `2 of 3 sessions working. plimsoll is the fullest, at 43 % of its line.` Without naming `told` again. */
function overview(snapshot: Snapshot, now: number, told: Gauged | null = null): string {
  const current = snapshot.sessions.filter((session) => !isEarlier(session, now));
  const parts = [current.length === 1 && told === null ? '' : howMany(current)];
  const top = fullest(snapshot, now);
  if (told === null && top !== null) {
    const rank = current.length === 1 ? 'is' : 'is the fullest,';
    parts.push(
      `${nameOf(snapshot, top)} ${rank} at ${percent(top.context.percentOfLine)} of its line.`,
    );
  }
  const compacted = current.filter((session) => session.state === 'compacted');
  if (compacted.length > 0) {
    const who = compacted.map((session) => nameOf(snapshot, session)).join(', ');
    parts.push(`${who} ${compacted.length === 1 ? 'was' : 'were'} just compacted.`);
  }
  return parts.filter(Boolean).join(' ');
}

function howMany(current: Session[]): string {
  const [only, ...others] = current;
  if (only === undefined) return 'No session of the last hour.';
  if (others.length === 0) return only.state === 'compacted' ? '' : `It is ${only.state}.`;
  const working = current.filter((session) => session.state === 'working').length;
  return `${working} of ${current.length} sessions working.`;
}

function nameOf(snapshot: Snapshot, session: Session): string {
  return fullName(names(snapshot.sessions).get(session.sessionId));
}

function sentence(words: string): string {
  const begun = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

/** For those who hear the page: the last level reached. */
export function announcement({ reached, snapshot }: LiveState): string {
  if (reached === null) return '';
  const who = fullName(names(snapshot?.sessions ?? []).get(reached.sessionId));
  const whose = reached.agentId === null ? who : `A subagent of ${who}`;
  const room = leftThen(reached.turnsLeft, reached.minutesLeft);
  const told = room === null ? '' : `, ${room}`;
  return `${whose} reached ${reached.level}: ${percent(reached.percentOfLine)} of its line${told}.`;
}

/** `91 % api-server · Plimsoll`. */
export function documentTitle(state: LiveState, now: number): string {
  const { snapshot } = state;
  if (snapshot === null) return 'Plimsoll';
  if (state.connection === 'lost') return 'Not connected · Plimsoll';
  const top = fullest(snapshot, now);
  if (top === null) return 'Plimsoll';
  return `${percent(top.context.percentOfLine)} ${nameOf(snapshot, top)} · Plimsoll`;
}
