import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { launch, overflow, tell, watchedPage } from './browser.js';
import { privateHome, startResident } from './resident.js';

const PATIENCE = 30_000;
/** Enough to be worth a bar: 20 MB. */
const FILES = 20;
const REQUESTS = 50;
const TEXT = 'x'.repeat(20_000);

/** A session of long ago as the client writes it down: prompts of some size and answers with their use. */
function session(file) {
  const sessionId = `00000000-0000-4000-8000-${String(file).padStart(12, '0')}`;
  const lines = [];
  for (let n = 0; n < REQUESTS; n += 1) {
    const timestamp = new Date(Date.UTC(2026, 0, 1 + file, 8, n)).toISOString();
    const common = {
      sessionId,
      timestamp,
      version: '2.1.330',
      cwd: '/home/dana/work/api',
      isSidechain: false,
    };
    const usage = {
      input_tokens: 10,
      output_tokens: 20,
      cache_read_input_tokens: 1000,
      cache_creation_input_tokens: 100,
    };
    const message = {
      id: `msg_${file}_${n}`,
      role: 'assistant',
      model: 'claude-sonnet-4-6',
      content: [],
      usage,
    };
    lines.push({
      ...common,
      type: 'user',
      uuid: `u-${file}-${n}`,
      message: { role: 'user', content: TEXT },
    });
    lines.push({
      ...common,
      type: 'assistant',
      uuid: `a-${file}-${n}`,
      requestId: `req_${file}_${n}`,
      message,
    });
  }
  return { sessionId, text: lines.map((line) => `${JSON.stringify(line)}\n`).join('') };
}

async function writeHistory(home) {
  const project = path.join(home, 'home', '.claude', 'projects', '-home-dana-work-api');
  await mkdir(project, { recursive: true });
  for (let file = 0; file < FILES; file += 1) {
    const { sessionId, text } = session(file);
    await writeFile(path.join(project, `${sessionId}.jsonl`), text);
  }
}

describe('the reading of history', () => {
  let home, resident, browser, page, complaints;

  before(async () => {
    home = await privateHome();
    await writeHistory(home.folder);
    resident = await startResident(home.folder);
    browser = await launch();
    ({ page, complaints } = await watchedPage(browser));
    page.setDefaultTimeout(PATIENCE);
  });

  after(async () => {
    await browser?.close();
    await resident?.stop();
    await home?.remove();
  });

  /// Scenario: a first start with sessions of months ago; the page is opened while they are read, or right after.
  /// Guarantees: it says what was read, to the request, and then no more; the books hold it.
  test('ends with what was read', async () => {
    await page.goto(resident.dashboard);
    const history = page.getByRole('region', { name: 'History' });
    await history.getByRole('status').waitFor();
    assert.match(
      await history.innerText(),
      /^History read: 1,000 requests from 20 files in \d+\ss\.$/,
    );
    await history.waitFor({ state: 'detached' });
    const { backfill } = await (await fetch(`${resident.dashboard}/api/v1/snapshot`)).json();
    assert.deepEqual([backfill.filesRead, backfill.requests], [FILES, FILES * REQUESTS]);
  });

  /// Scenario: half of it is read.
  /// Guarantees: a bar of that length with its value, on both pages and in every width; nothing is wider than its window.
  test('has a bar', async () => {
    const snapshot = await (await fetch(`${resident.dashboard}/api/v1/snapshot`)).json();
    const { backfill } = snapshot;
    const half = { ...backfill, bytesRead: backfill.bytes / 2, endedAt: null, secondsLeft: 4 };
    for (const address of ['/', '/popover']) {
      const watched = await watchedPage(browser);
      await tell(watched.page, { ...snapshot, backfill: half });
      await watched.page.goto(`${resident.dashboard}${address}`);
      const bar = watched.page.getByRole('progressbar', { name: 'Reading history' });
      assert.equal(await bar.getAttribute('aria-valuenow'), '50');
      for (const width of [320, 360, 768, 1440]) {
        await watched.page.setViewportSize({ width, height: 900 });
        assert.equal(await overflow(watched.page), 0, `${address} at ${width} px`);
        const [all, read] = [await bar.boundingBox(), await bar.locator('div').boundingBox()];
        assert.ok(Math.abs(read.width / all.width - 0.5) < 0.02, `${read.width} of ${all.width}`);
      }
      assert.deepEqual(watched.complaints, []);
      await watched.page.close();
    }
  });

  /// Scenario: everything until here.
  /// Guarantees: no script error, nothing in the console, no violation of the content policy.
  test('gives the browser nothing to complain about', () => {
    assert.deepEqual(complaints, []);
  });
});
