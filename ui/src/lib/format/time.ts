import { NBSP } from './tokens';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `12 s`, `3 min`, `2 h 5 min`, `3 days`: the largest unit, with a second one only for hours below ten. */
export function duration(ms: number): string {
  const span = Math.max(0, ms);
  if (span < MINUTE) return `${Math.floor(span / SECOND)}${NBSP}s`;
  if (span < HOUR) return `${Math.floor(span / MINUTE)}${NBSP}min`;
  if (span < 2 * DAY) return hours(span);
  return `${Math.floor(span / DAY)}${NBSP}days`;
}

function hours(span: number): string {
  const whole = Math.floor(span / HOUR);
  const minutes = Math.floor((span % HOUR) / MINUTE);
  const head = `${whole}${NBSP}h`;
  return whole < 10 && minutes > 0 ? `${head}${NBSP}${minutes}${NBSP}min` : head;
}

/** `just now`, `2 s ago`, `4 min ago`. */
export function age(ms: number): string {
  return ms < SECOND ? 'just now' : `${duration(ms)} ago`;
}

const CLOCK = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});
const CLOCK_SECONDS = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const WEEKDAY = new Intl.DateTimeFormat('en-GB', { weekday: 'short' });
const DATE = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** `14:02`, and `21 Nov, 14:02` on another day than `now`'s. Local time; milliseconds in. */
export function clockTime(
  at: number,
  now: number,
  precision: 'minutes' | 'seconds' = 'minutes',
): string {
  const time = (precision === 'seconds' ? CLOCK_SECONDS : CLOCK).format(at);
  const day = DATE.format(at);
  return day === DATE.format(now) ? time : `${day}, ${time}`;
}

/** `Thu`. Local time; milliseconds in. */
export function weekday(at: number): string {
  return WEEKDAY.format(at);
}
