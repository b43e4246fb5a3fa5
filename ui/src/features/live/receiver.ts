// Whether telemetry can come in, and when the last came.

import type { Listener, Snapshot } from '../../lib/api/types';
import { age } from '../../lib/format/time';

/** The receivers that cannot receive. */
export function deaf(listeners: readonly Listener[]): Listener[] {
  return listeners.filter(({ name, state }) => name !== 'dashboard' && state !== 'listening');
}

/** `port 4318`, `ports 4318 and 4317`. */
export function portsOf(listeners: readonly Listener[]): string {
  const ports = new Set(listeners.flatMap(({ addresses }) => addresses.map(portOf)));
  return `port${ports.size > 1 ? 's' : ''} ${[...ports].join(' and ')}`;
}

function portOf(address: string): string {
  return address.slice(address.lastIndexOf(':') + 1);
}

export interface Hearing {
  state: 'well' | 'wrong' | 'unknown';
  words: string;
}

/** The receiver in a few words: `last signal 2 s ago`, `port 4318 taken`. `now` is server time in ms. */
export function hearing(snapshot: Snapshot, connected: boolean, now: number): Hearing {
  if (!connected) return { state: 'unknown', words: 'not connected' };
  const unheard = deaf(snapshot.listeners);
  if (unheard.length > 0) {
    const taken = unheard.every((listener) => listener.state === 'portTaken');
    const ports = portsOf(unheard);
    return { state: 'wrong', words: taken ? `${ports} taken` : `not receiving on ${ports}` };
  }
  const last = snapshot.lastArrivalAt;
  if (last === null) return { state: 'well', words: 'listening' };
  return { state: 'well', words: `last signal ${age(now - Date.parse(last))}` };
}
