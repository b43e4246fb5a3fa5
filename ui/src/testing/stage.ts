// What a test says to the page that is mounted, and what it reads there.

import { flushSync } from 'svelte';
import { vi } from 'vitest';
import type { Session } from '../lib/api/types';
import { FakeEventSource } from './eventSource';
import { snapshot } from './fixtures';

/** The text of the first element found, with plain single spaces. */
export function text(selector: string): string | undefined {
  const found = document.querySelector(selector)?.textContent;
  return found?.replaceAll('\u00a0', ' ').replace(/\s+/g, ' ').trim();
}

/** An event of the stream. */
export function say(name: string, data: unknown): void {
  FakeEventSource.latest.say(name, data);
  flushSync();
}

/** A snapshot with these sessions. */
export function show(...sessions: Session[]): void {
  say('snapshot', snapshot({ sessions }));
}

export function pass(ms: number): void {
  vi.advanceTimersByTime(ms);
  flushSync();
}

/** Lets answers that are already there be read, or come within `ms`. */
export async function settle(ms = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  flushSync();
}
