// A page that is mounted at an address, over a server that the test plays.

import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, vi } from 'vitest';
import App from '../App.svelte';
import { quiet } from '../features/quiet/quiet.svelte';
import { welcome } from '../features/welcome/welcome.svelte';
import { INITIAL } from '../lib/api/live';
import { clock } from '../lib/clock.svelte';
import { live } from '../lib/live.svelte';
import { route } from '../lib/route.svelte';
import { NOW } from './fixtures';
import { settle } from './stage';

export const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });

export const refusal = (code: string, message: string, status: number) =>
  json({ error: { code, message } }, status);

type Answer = (body: unknown, path: string) => Response | Promise<Response>;

/** What the server answers, by method and path without its query; 404 where nothing is named. */
export let answers: Record<string, Answer>;
/** What was asked, with queries and, where something was sent, the body. */
export let asked: string[];

let page: Record<string, unknown> | undefined;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
  clock.now = NOW;
  answers = {};
  asked = [];
  vi.stubGlobal('fetch', async (path: string, init: RequestInit = {}) => {
    const method = init.method ?? 'GET';
    const body = init.body === undefined ? undefined : JSON.parse(String(init.body));
    asked.push([method, path, ...(body === undefined ? [] : [init.body])].join(' '));
    const answer = answers[`${method} ${path.split('?')[0]}`];
    return answer?.(body, path) ?? refusal('not-found', 'Nothing is there.', 404);
  });
});

afterEach(async () => {
  if (page !== undefined) await unmount(page);
  page = undefined;
  live.state = INITIAL;
  welcome.forget();
  quiet.forget();
  location.hash = '';
  vi.useRealTimers();
});

/** Mounts the page as one that is opened at this address. */
export async function open(hash: string): Promise<void> {
  location.hash = hash;
  route.start()();
  document.body.innerHTML = '<div id="app"></div>';
  page = mount(App, { target: document.getElementById('app') as HTMLElement });
  flushSync();
  await settle();
}

/** Presses the first button with this name. */
export async function press(name: string): Promise<void> {
  const buttons = [...document.querySelectorAll('button')];
  const found = buttons.find((button) => button.textContent?.trim() === name);
  if (found === undefined) throw new Error(`no button "${name}"`);
  found.click();
  flushSync();
  await settle();
}

/** Whether there is a button with this name. */
export function hasButton(name: string): boolean {
  return [...document.querySelectorAll('button')].some((each) => each.textContent?.trim() === name);
}

/** Chooses a box or a radio. */
export async function choose(selector: string): Promise<void> {
  document.querySelector<HTMLElement>(selector)?.click();
  flushSync();
  await settle();
}
