// Pictures of both pages, made from the running program: the demo, once its sessions are under way, and a
// fresh ledger.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch, multiplied, POPOVER_SIZES, shoot, tell } from './browser.js';
import { privateHome, startResident } from './resident.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BINARY = path.resolve(ROOT, process.env.PLIMSOLL_BIN ?? 'target/debug/plimsoll');

/** Starts the demo; it is stopped with `stop`. */
async function startDemo(folder) {
  const demo = spawn(BINARY, ['demo'], {
    env: { PATH: process.env.PATH, HOME: path.join(folder, 'home'), XDG_RUNTIME_DIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  let address = null;
  while (!address) {
    const [text] = await once(demo.stdout, 'data');
    said += text;
    address = /http:\/\/[\w.:]+/.exec(said)?.[0];
  }
  const stop = async () => {
    if (demo.exitCode !== null) return;
    demo.kill('SIGTERM');
    await once(demo, 'exit');
  };
  return { address, stop };
}

/** Opens `address`, waits for `sign` and takes the popover's pictures. */
async function popover(page, name, address, sign) {
  await page.goto(`${address}/popover`);
  await page.locator(sign).first().waitFor();
  await shoot(page, `popover-${name}`, POPOVER_SIZES);
}

async function ofDemo(browser, { address, stop }) {
  const page = await browser.newPage();
  await page.goto(address);
  await page.locator('.level.urgent, [data-level=urgent]').first().waitFor({ timeout: 120_000 });
  await shoot(page, 'demo');
  await page.goto(`${address}/#/alerts`);
  await page.locator('.entry').first().waitFor();
  await shoot(page, 'alerts');
  await popover(page, 'live', address, '[data-session]');

  const crowded = await browser.newPage();
  const snapshot = await (await fetch(`${address}/api/v1/snapshot`)).json();
  await tell(crowded, multiplied(snapshot, 12));
  await popover(crowded, 'many', address, '[data-session]');

  await stop();
  await page.locator('main[data-connection=lost]').waitFor();
  await shoot(page, 'popover-stale', POPOVER_SIZES);
}

async function ofNothing(browser, { dashboard, stop }) {
  const page = await browser.newPage();
  await popover(page, 'empty', dashboard, '[aria-label="How to begin"]');
  await stop();
}

const home = await privateHome();
const browser = await launch();
const demo = await startDemo(home.folder);
try {
  await ofDemo(browser, demo);
  await ofNothing(browser, await startResident(home.folder));
} finally {
  await browser.close();
  await demo.stop();
  await home.remove();
}
