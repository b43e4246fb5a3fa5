// The reading of history in words: how far it is, or what it came to.

import type { Backfill } from '../../lib/api/types';
import { bytes } from '../../lib/format/bytes';
import { duration } from '../../lib/format/time';
import { exact, percent, plural } from '../../lib/format/tokens';

/** Less than this is read in no time, in bytes: as the resident sees it. */
const LITTLE = 16 * 1024 * 1024;
/** What takes less than this many ms is not shown either. */
const SHORT = 1000;
/** For so long in ms what it came to is shown. */
const AFTERWARDS = 10_000;

export interface Reading {
  /** How much is read, from 0 to 100; `null` at the end. */
  part: number | null;
  /** All that is known of it. */
  words: string;
  /** What a glance needs. */
  brief: string;
}

/** `null` where there is nothing worth showing. `now` is server time in ms. */
export function reading(backfill: Backfill | null, now: number): Reading | null {
  if (backfill === null) return null;
  const ended = backfill.endedAt === null ? null : Date.parse(backfill.endedAt);
  const spent = (ended ?? now) - Date.parse(backfill.beganAt);
  if (backfill.bytes < LITTLE && spent < SHORT) return null;
  if (ended === null) return underWay(backfill);
  return now - ended < AFTERWARDS ? concluded(backfill, spent) : null;
}

function underWay({ files, filesRead, requests, secondsLeft, ...read }: Backfill): Reading {
  const part = read.bytes === 0 ? 0 : Math.min(100, (100 * read.bytesRead) / read.bytes);
  const left = secondsLeft === null ? [] : [timeLeft(secondsLeft)];
  const words = [
    `${exact(filesRead)} of ${plural(files, 'file')}`,
    `${bytes(read.bytesRead)} of ${bytes(read.bytes)}`,
    plural(requests, 'request'),
    ...left,
  ];
  return { part, words: words.join(' · '), brief: [percent(part), ...left].join(' · ') };
}

function concluded({ files, requests }: Backfill, spent: number): Reading {
  const brief = `History read: ${plural(requests, 'request')}.`;
  const words = `History read: ${plural(requests, 'request')} from ${plural(files, 'file')} in ${duration(spent)}.`;
  return { part: null, words, brief };
}

/** `about 4 s left`. */
function timeLeft(seconds: number): string {
  return seconds < 1 ? 'almost done' : `about ${duration(seconds * 1000)} left`;
}
