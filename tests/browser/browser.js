// A real browser, and everything it complains about.

import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const SHOTS = fileURLToPath(new URL('./shots/', import.meta.url));
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const SIZES = [
  { width: 360, height: 780 },
  { width: 1440, height: 900 },
];
/** The popover's window at its largest, and a browser. */
export const POPOVER_SIZES = [
  { width: 360, height: 560 },
  { width: 1000, height: 700 },
];

export async function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: FLAGS,
  });
}

/** A page that remembers each complaint: script errors, console errors, violations of the content policy. */
export async function watchedPage(browser) {
  const page = await browser.newPage({ viewport: SIZES[1] });
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(error.stack ?? error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) =>
      console.error(`content policy: ${event.violatedDirective} ${event.blockedURI}`),
    );
  });
  return { page, complaints };
}

/** What a browser says by itself when a server is away; the page says it to the reader. */
export function isAboutTheAbsentServer(complaint) {
  return /^Failed to load resource: net::ERR_/.test(complaint);
}

/** Collects every occupancy that the first gauge shows from now on. */
export async function watchGauge(page) {
  await page.evaluate(() => {
    window.occupancies = [];
    const look = () => {
      const shown = document.querySelector('[data-occupancy]')?.getAttribute('data-occupancy');
      if (shown && window.occupancies.at(-1) !== shown) window.occupancies.push(shown);
    };
    new MutationObserver(look).observe(document.body, {
      subtree: true,
      childList: true,
      attributes: true,
      attributeFilter: ['data-occupancy'],
    });
    look();
  });
  return () => page.evaluate(() => window.occupancies.map(Number));
}

/** How many pixels the page is wider than its window, once it is laid out. */
export function overflow(page) {
  return page.evaluate(async () => {
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
    const { scrollWidth, clientWidth } = document.documentElement;
    return Math.max(0, scrollWidth - clientWidth);
  });
}

/** Has the page hear `snapshot`, and nothing else, from its stream; to be called before the page is opened. */
export async function tell(page, snapshot) {
  await page.addInitScript((data) => {
    window.EventSource = class extends EventTarget {
      readyState = 1;
      OPEN = 1;
      constructor() {
        super();
        const snapshot = new MessageEvent('snapshot', { data: JSON.stringify(data) });
        queueMicrotask(() => this.dispatchEvent(snapshot));
      }
      close() {}
    };
  }, snapshot);
}

/** The snapshot with its sessions repeated until there are `count`, in the same order, under names of their own. */
export function multiplied(snapshot, count) {
  const each = count / snapshot.sessions.length;
  const sessions = Array.from({ length: count }, (_, index) => {
    const session = snapshot.sessions[Math.floor(index / each)];
    const project = `${session.project ?? 'project'}-${index + 1}`;
    return { ...session, sessionId: `${index}-${session.sessionId}`, project };
  });
  return { ...snapshot, sessions };
}

/** Pictures of the page as it is: in each size, light and dark. Returns the widest overflow seen. */
export async function shoot(page, name, sizes = SIZES) {
  await mkdir(SHOTS, { recursive: true });
  let widest = 0;
  for (const size of sizes) {
    await page.setViewportSize(size);
    widest = Math.max(widest, await overflow(page));
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({
        path: `${SHOTS}${name}-${size.width}-${colorScheme}.png`,
        fullPage: true,
        animations: 'disabled',
      });
    }
  }
  await page.setViewportSize(SIZES[1]);
  await page.emulateMedia({ colorScheme: null });
  return widest;
}
