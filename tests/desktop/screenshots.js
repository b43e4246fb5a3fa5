// Pictures of both windows as the real web view draws them, light and dark, in the states that a user meets.

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDesktop } from './desktop.js';
import { save } from './framebuffer.js';
import { until } from './programs.js';
import { startResident, startWindows } from './resident.js';
import { Screen } from './screen.js';
import { attach } from './webdriver.js';

const SHOTS = fileURLToPath(new URL('./shots/', import.meta.url));
const THEMES = { light: 'Adwaita', dark: 'Adwaita:dark' };

/** Sessions of the captures, where they are at home, and how much their last request read from the cache. */
const SESSIONS = [
  { id: '5b4ad6ab-e717-47ca-8227-719d231838e7', cwd: '/home/ada/api-server', cacheRead: 131_000 },
  { id: '416d2cbb-7fad-4f68-9ba8-2f518e162355', cwd: '/home/ada/web', cacheRead: 152_000 },
  { id: 'dac16edd-d78a-4116-855b-b9900e3ab0c6', cwd: '/home/ada/plimsoll', cacheRead: 45_000 },
];

const CAPTURES = ['tools-autocompact', 'simple-http-json', 'subagents', 'multiturn-manual-compact'];

const isPopover = ({ pathname }) => pathname === '/popover';
const isDashboard = ({ pathname }) => pathname === '/';

for (const [look, theme] of Object.entries(THEMES)) {
  await withDesktop(theme, (desktop) => states(desktop, look));
  await withDesktop(theme, (desktop) => hints(desktop, look));
  await withDesktop(theme, (desktop) => nothingRuns(desktop, look));
}

async function withDesktop(theme, work) {
  const desktop = await startDesktop({ GTK_THEME: theme });
  try {
    await work(desktop);
  } finally {
    await desktop.end();
  }
}

/** What the windows show while the engine runs, from its first minute on. */
async function states(desktop, look) {
  await settle(desktop);
  const resident = await startResident(desktop, ['serve']);
  const windows = startWindows(desktop, 'dashboard');
  const driver = await attach(desktop);
  const shoot = (name) => picture(desktop, windows, `${name}-${look}`);
  const popover = async (name, sign) => {
    await resident.ask({ window: 'popover', at: null, toggle: false });
    await driver.choose('the popover', isPopover);
    await untilSeen(driver, sign);
    await shoot(`popover-${name}`);
  };
  const dashboard = async (session) => {
    await resident.ask({ window: 'dashboard', session });
    await driver.choose('the dashboard', isDashboard);
  };

  await dashboard(null);
  await untilSeen(driver, '[data-testid=settings]');
  await shoot('dashboard-empty');
  await popover('empty', '[aria-label="How to begin"]');
  await fill(resident);
  await popover('live', '.urgent');
  await dashboard(null);
  await untilSeen(driver, '.urgent');
  await shoot('dashboard-live');
  await dashboard(SESSIONS[0].id);
  await untilSeen(driver, '.panel tbody tr');
  await shoot('dashboard-session');
  await resident.replay('resume');
  await popover('many', '[data-session]:nth-child(7)');
  resident.program.kill('SIGKILL');
  await untilSeen(driver, '[data-connection=lost]');
  await shoot('popover-lost');
}

/** The whole resident on a desktop without a panel. */
async function hints(desktop, look) {
  await settle(desktop);
  const resident = await startResident(desktop);
  await fill(resident);
  const windows = startWindows(desktop, 'popover');
  const driver = await attach(desktop);
  await driver.choose('the popover', isPopover);
  await untilSeen(driver, '[aria-label=Hints]');
  await picture(desktop, windows, `popover-hints-${look}`);
}

async function nothingRuns(desktop, look) {
  for (const window of ['popover', 'dashboard']) {
    const windows = startWindows(desktop, window);
    await picture(desktop, windows, `${window}-away-${look}`);
    await windows.stop();
  }
}

/** Writes where the sessions are at home, as the client does. */
async function settle(desktop) {
  for (const { id, cwd } of SESSIONS) {
    const folder = path.join(desktop.env.HOME, '.claude', 'projects', cwd.replaceAll('/', '-'));
    await mkdir(folder, { recursive: true });
    const line = JSON.stringify({ type: 'user', sessionId: id, cwd, gitBranch: 'main' });
    await writeFile(path.join(folder, `${id}.jsonl`), `${line}\n`);
  }
}

/** Sessions at all levels, each with some requests of the last minutes. */
async function fill(resident) {
  for (const capture of CAPTURES) await resident.replay(capture);
  for (const share of [0.2, 0.35, 0.55, 0.7, 0.85, 1]) {
    for (const { id, cacheRead } of SESSIONS) await resident.request(id, share * cacheRead);
  }
}

function untilSeen(driver, selector) {
  const isSeen = (wanted) => document.querySelector(wanted) !== null;
  return driver.until(selector, isSeen, selector);
}

/** A picture of the window that a name begins with, as it stands on the screen. */
async function picture(desktop, windows, name) {
  const screen = new Screen(desktop);
  const window = await until(`a window for ${name}`, async () => {
    const open = await screen.windowsOf(windows.pid);
    return open.find(({ width }) => (width === 360) === name.startsWith('popover'));
  });
  await mkdir(SHOTS, { recursive: true });
  await save(path.join(SHOTS, `${name}.png`), await screen.picture(window));
}
