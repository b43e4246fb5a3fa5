// Pictures of the page, made from the running program: the demo, once its sessions are under way.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch, shoot } from './browser.js';
import { privateHome } from './resident.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BINARY = path.resolve(ROOT, process.env.PLIMSOLL_BIN ?? 'target/debug/plimsoll');

const home = await privateHome();
const demo = spawn(BINARY, ['demo'], {
  env: { PATH: process.env.PATH, HOME: path.join(home.folder, 'home'), XDG_RUNTIME_DIR: home.folder },
  stdio: ['ignore', 'pipe', 'inherit'],
});
let said = '';
let address = null;
while (!address) {
  const [text] = await once(demo.stdout, 'data');
  said += text;
  address = /http:\/\/[\w.:]+/.exec(said)?.[0];
}
const browser = await launch();
try {
  const page = await browser.newPage();
  await page.goto(address);
  await page.locator('.level.urgent, [data-level=urgent]').first().waitFor({ timeout: 120_000 });
  await shoot(page, 'demo');
} finally {
  await browser.close();
  demo.kill('SIGTERM');
  await once(demo, 'exit');
  await home.remove();
}
