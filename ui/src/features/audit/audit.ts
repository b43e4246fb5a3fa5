// The audit in words: what a witness tells otherwise, and by how much.

import type { Balance, Difference, MissedEvents, SessionAudit, Told } from '../../lib/api/types';
import { clockTime } from '../../lib/format/time';
import { exact, plural } from '../../lib/format/tokens';

/** What nobody told is no zero. */
export const UNKNOWN = '–';

/** The types of tokens in the order of the tables, as people call them. */
export const KINDS = [
  ['input', 'fresh'],
  ['cacheRead', 're-read'],
  ['cacheCreation', 'written'],
  ['output', 'output'],
] as const;

export const TELLER: Record<Difference['teller'], string> = {
  events: 'Events',
  metrics: 'Metrics',
  transcripts: 'Transcripts',
  client: "The client's own sum",
  books: 'The books',
};

/** All tokens of a sum: `151,203`. */
export function total(told: Told | null): string {
  return told === null ? UNKNOWN : exact(told.tokens.total);
}

/** `+104`, `−2,550`. */
export function signed(count: number): string {
  return `${count < 0 ? '−' : '+'}${exact(Math.abs(count))}`;
}

function net(balance: Balance): number {
  return KINDS.reduce((sum, [kind]) => sum + balance[kind], 0);
}

/** What a witness is called in passing. */
const BRIEFLY: Record<Difference['teller'], string> = {
  events: 'events',
  metrics: 'metrics',
  transcripts: 'transcripts',
  client: "client's own sum",
  books: 'books',
};

/** By how much each witness is away from what is counted: `events −1,550, metrics +104`. */
export function differs(session: SessionAudit): string {
  const sums = new Map<Difference['teller'], number>();
  for (const { teller, tokens } of session.differences) {
    sums.set(teller, (sums.get(teller) ?? 0) + net(tokens));
  }
  return [...sums].map(([teller, sum]) => `${BRIEFLY[teller]} ${signed(sum)}`).join(', ');
}

/** What a witness tells less, more and otherwise. */
export function amounts(difference: Difference): string {
  const { missingRequests, disputedRequests, tokens } = difference;
  const parts: string[] = [];
  if (missingRequests !== null && missingRequests > 0) {
    parts.push(`${plural(missingRequests, 'request')} missing`);
  }
  if (disputedRequests > 0) parts.push(`${plural(disputedRequests, 'request')} told otherwise`);
  for (const [kind, name] of KINDS) {
    if (tokens[kind] !== 0) parts.push(`${signed(tokens[kind])} ${name}`);
  }
  return parts.join(', ');
}

/** Events that did not arrive, when, and who shows that nothing is missing for them. */
export function missed(events: MissedEvents, now: number): string {
  const at = (time: string) => clockTime(Date.parse(time), now, 'seconds');
  const since = events.since === null ? 'its beginning' : at(events.since);
  const which =
    events.first === events.last
      ? `Event ${events.first}`
      : `Events ${events.first} to ${events.last}`;
  const found = `${plural(events.foundRequests, 'request')} found`;
  const by = events.closedBy.map((teller) => BRIEFLY[teller]).join(' and ');
  const open =
    events.foundRequests === 0
      ? 'nobody knows what was in them'
      : `${found}, and nobody knows what else was in them`;
  const closed = by === '' ? open : `closed by ${by}, ${found}`;
  return `${which} of process ${events.process} did not arrive, between ${since} and ${at(events.until)}: ${closed}.`;
}
