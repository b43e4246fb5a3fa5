// Alerts in words: how full it was, what was done, and whether somebody answered.

import type { Alert, Outcome } from '../../lib/api/types';
import type { StateLook } from '../../components/state';
import { duration } from '../../lib/format/time';
import { exact, percent, tokens } from '../../lib/format/tokens';
import { leftThen } from '../live/forecast';

/** For so long in ms it may still become known what came of an action. */
const OPEN_FOR = 60 * 60 * 1000;
/** For so long in ms after an alert its actions may not have begun yet. */
const SOON = 60 * 1000;

const ACTION: Record<Outcome['action'], string> = {
  notification: 'notification',
  command: 'command',
  webhook: 'webhook',
  inSession: 'agent',
};

const RESULT: Record<Outcome['action'], Record<Outcome['result'], string>> = {
  notification: { begun: 'begun', done: 'shown', failed: 'not shown', quiet: 'held back' },
  command: { begun: 'begun', done: 'done', failed: 'failed', quiet: 'held back' },
  webhook: {
    begun: 'not delivered yet',
    done: 'delivered',
    failed: 'not delivered',
    quiet: 'held back',
  },
  inSession: { begun: 'not told yet', done: 'told', failed: 'not told', quiet: 'held back' },
};

const LOOK: Record<Outcome['result'], Omit<StateLook, 'word'>> = {
  begun: { shape: 'ring', tone: 'quiet' },
  done: { shape: 'dot', tone: 'good' },
  failed: { shape: 'triangle', tone: 'checkpoint' },
  quiet: { shape: 'ring', tone: 'quiet' },
};

/** `command failed`, with its shape. */
export function outcomeLook({ action, result }: Outcome): StateLook {
  return { word: `${ACTION[action]} ${RESULT[action][result]}`, ...LOOK[result] };
}

/** `151k of 167k · 91 %`. */
export function sizeThen(alert: Alert): string {
  const { occupancyTokens, lineTokens, percentOfLine } = alert;
  return `${tokens(occupancyTokens)} of ${tokens(lineTokens)} · ${percent(percentOfLine)}`;
}

/** What was left then: `4 turns, 11 min left`, `no forecast`. */
export function roomThen({ turnsLeft, minutesLeft }: Alert): string {
  return leftThen(turnsLeft, minutesLeft) ?? 'no forecast';
}

/** The same exactly. */
export function explained(alert: Alert): string {
  const { occupancyTokens, lineTokens, compacts, model } = alert;
  const end = compacts ? 'where the client compacts' : 'where the API refuses';
  return [`${exact(occupancyTokens)} of ${exact(lineTokens)} tokens to the line, ${end}`, model]
    .filter(Boolean)
    .join('\n');
}

export function acknowledgement({ acknowledgedAt, at }: Alert): StateLook {
  if (acknowledgedAt === null) return { word: 'not acknowledged', shape: 'ring', tone: 'quiet' };
  const after = duration(Date.parse(acknowledgedAt) - Date.parse(at));
  return { word: `acknowledged after ${after}`, shape: 'dot', tone: 'good' };
}

/** Whether more may become known of it without an event that tells so. `now` is server time in ms. */
export function isOpen({ at, outcomes }: Alert, now: number): boolean {
  const age = now - Date.parse(at);
  return age < SOON || (age < OPEN_FOR && outcomes.some(({ result }) => result === 'begun'));
}
