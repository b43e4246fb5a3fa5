// The state of the client's settings in words.

import type { StateLook } from '../../components/state';
import type { ConnectChoices } from '../../lib/api/fetch';
import type { ConnectPlan, FirstRequest, Installation } from '../../lib/api/types';
import { age, duration } from '../../lib/format/time';
import { NBSP } from '../../lib/format/tokens';

type State = Installation['state'];

export const LOOK: Record<State, StateLook> = {
  connected: { word: 'connected', shape: 'dot', tone: 'good' },
  partly: { word: 'partly connected', shape: 'triangle', tone: 'notice' },
  'not-connected': { word: 'not connected', shape: 'ring', tone: 'quiet' },
  elsewhere: { word: 'sends elsewhere', shape: 'diamond', tone: 'checkpoint' },
  locked: { word: 'locked', shape: 'square', tone: 'urgent' },
  unusable: { word: 'cannot be changed', shape: 'square', tone: 'urgent' },
};

/** The state of all settings in one sentence. */
export function planSentence({ installations }: Pick<ConnectPlan, 'installations'>): string {
  const [first] = installations;
  if (first === undefined) return 'No settings of Claude Code were found.';
  const locked = installations.find(({ state }) => state === 'locked');
  if (locked !== undefined) return sentenceOf(locked);
  const alike = ({ state, destination }: Installation) =>
    state === first.state && (state !== 'elsewhere' || destination === first.destination);
  if (installations.every(alike)) return sentenceOf(first);
  const here = installations.filter(({ state }) => state === 'connected').length;
  const which = `${here === 0 ? 'None' : here} of ${installations.length} settings files`;
  return `${which} ${here === 1 ? 'sends' : 'send'} all telemetry here.`;
}

function sentenceOf({ state, destination }: Installation): string {
  switch (state) {
    case 'connected':
      return 'Claude Code sends its telemetry here.';
    case 'partly':
      return 'Claude Code sends a part of its telemetry here.';
    case 'not-connected':
      return 'Claude Code is not connected.';
    case 'elsewhere':
      return `Telemetry goes ${destination === null ? 'elsewhere' : `to ${destination}`}.`;
    case 'locked':
      return 'Managed settings decide where telemetry goes; only your administrator can change that.';
    case 'unusable':
      return 'The settings of Claude Code cannot be changed.';
  }
}

/** Where telemetry goes that could be moved here; empty where there is none. */
export function places({ installations }: Pick<ConnectPlan, 'installations'>): string[] {
  const found = installations.flatMap(({ state, destination }) =>
    destination !== null && state !== 'locked' ? [destination] : [],
  );
  return [...new Set(found)];
}

/** What every settings file has already: connecting takes nothing away. */
export function present({
  installations,
}: Pick<ConnectPlan, 'installations'>): Pick<ConnectChoices, 'hooks' | 'statusLine'> {
  const all = (has: (one: Installation) => boolean) =>
    installations.length > 0 && installations.every(has);
  return {
    hooks: all(({ hooks }) => hooks),
    statusLine: all(({ statusLine }) => statusLine === 'ours'),
  };
}

/** What the status line is good for, and what becomes of the user's own. */
export function statusLineMeaning({ installations }: Pick<ConnectPlan, 'installations'>): string {
  const none = installations.every(({ statusLine }) => statusLine === 'none');
  const own = none
    ? 'You have none of your own, so Plimsoll shows a short one; without Plimsoll there is none.'
    : 'Your own status line keeps running unchanged, also without Plimsoll.';
  return `The window size and the limits of your plan. ${own}`;
}

/** Whether Plimsoll has set up all of it before: then what it lacks was not wanted. */
export function wasChosen({ installations }: Pick<ConnectPlan, 'installations'>): boolean {
  return (
    installations.length > 0 &&
    installations.every(({ state, connectedAt }) => state === 'connected' && connectedAt !== null)
  );
}

/** Why a settings file would not be changed; `null` where it would. */
export function whyNot({ state, trouble, diff }: Installation): string | null {
  if (state === 'locked' || state === 'unusable')
    return trouble ?? 'Plimsoll cannot change this file.';
  if (diff !== '') return null;
  if (state === 'elsewhere') return 'With these choices nothing would change: telemetry stays.';
  return 'Nothing would change: what you chose is there already.';
}

/** When Plimsoll changed a file, and where the copy is; `null` where it did not. `now` is server time in ms. */
export function changed(
  { state, connectedAt, backup }: Pick<Installation, 'state' | 'connectedAt' | 'backup'>,
  now: number,
): string | null {
  if (connectedAt === null) return null;
  const copy = backup === null ? 'there was no file before' : `backup ${backup}`;
  const word = state === 'connected' || state === 'partly' ? 'connected' : 'changed';
  return `${word} ${age(now - Date.parse(connectedAt))}, ${copy}`;
}

/** `First request received`, from where, and how soon. */
export function arrival({ sessionId, model, afterMs }: FirstRequest): {
  before: string;
  session: string;
  after: string;
} {
  return {
    before: 'First request received from session ',
    session: shortId(sessionId),
    after: ` (${model}), ${delay(afterMs)} after the response.`,
  };
}

/** `1f2e3d4c…` */
export function shortId(id: string): string {
  return id.length > 9 ? `${id.slice(0, 8)}…` : id;
}

/** `0.8 s`, `12 s`, `3 min`. */
function delay(ms: number): string {
  return ms < 9950 ? `${(ms / 1000).toFixed(1)}${NBSP}s` : duration(ms);
}
