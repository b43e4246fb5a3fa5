import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { launch, overflow, watchedPage } from './browser.js';
import { privateHome, startResident } from './resident.js';

const PATIENCE = 30_000;
const WIDTHS = [320, 390, 768, 1440];
const SETTINGS = '{\n  "model": "opus",\n  "statusLine": { "type": "command", "command": "line" }\n}\n';

/** The steps of one story: each begins where the former ended. */
describe('setting up', () => {
  let home, settings, resident, browser, page, complaints;

  before(async () => {
    home = await privateHome({ welcomed: false });
    const folder = path.join(home.folder, 'home', '.claude');
    await mkdir(folder);
    settings = path.join(folder, 'settings.json');
    await writeFile(settings, SETTINGS);
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

  async function fits() {
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      assert.equal(await overflow(page), 0, `${page.url()} at ${width} px`);
    }
  }

  /// Scenario: the page is opened for the first time, the welcome is skipped with the keyboard, the page is loaded again.
  /// Guarantees: the welcome has the focus, fits every width, and never comes again.
  test('welcomes once', async () => {
    await page.goto(resident.dashboard);
    const welcome = page.getByRole('region', { name: 'Welcome to Plimsoll' });
    await welcome.waitFor();
    await fits();
    await page.keyboard.press('Escape');
    await welcome.waitFor({ state: 'detached' });
    const seen = async () => (await (await fetch(`${resident.dashboard}/api/v1/welcome`)).json()).seen;
    while (!(await seen()));
    await page.reload();
    await page.getByRole('heading', { level: 1 }).waitFor();
    assert.equal(await welcome.count(), 0);
  });

  /// Scenario: settings with a status line of the user's own are connected on the page, and disconnected.
  /// Guarantees: the difference is shown before anything is written; then telemetry comes here and the status line runs
  /// on; in the end the file is what it was, to the byte.
  test('connects and disconnects', async () => {
    await page.goto(`${resident.dashboard}/#/connect`);
    await page.getByText('CLAUDE_CODE_ENABLE_TELEMETRY').first().waitFor();
    await fits();
    assert.equal(await readFile(settings, 'utf8'), SETTINGS);
    await page.getByRole('button', { name: 'Change settings.json' }).click();
    await page.getByText('Claude Code sends its telemetry here.').first().waitFor();
    const written = await readFile(settings, 'utf8');
    assert.ok(written.includes(`"OTEL_EXPORTER_OTLP_ENDPOINT": "${resident.otlpHttp}"`), written);
    assert.ok(written.includes("statusline -- line") || written.includes("statusline -- 'line'"), written);
    await fits();
    await page.getByRole('button', { name: /^Disconnect/ }).first().click();
    await page.getByRole('button', { name: /^(Change settings\.json|Disconnect|Yes.*)$/ }).last().click();
    await page.getByText('Claude Code is not connected.').first().waitFor();
    assert.equal(await readFile(settings, 'utf8'), SETTINGS);
  });

  /// Scenario: the Health page, on a machine where this client is not connected.
  /// Guarantees: a sentence on the clients first, the finding with its remedy, what Plimsoll itself does; it fits.
  test('says what is wrong', async () => {
    await page.goto(`${resident.dashboard}/#/health`);
    await page.getByText('plimsoll connect').first().waitFor();
    assert.match(await page.getByRole('heading', { level: 1 }).innerText(), /client/);
    await fits();
  });

  /// Scenario: everything until here.
  /// Guarantees: no script error, nothing in the console, no violation of the content policy.
  test('gives the browser nothing to complain about', () => {
    assert.deepEqual(complaints, []);
  });
});
