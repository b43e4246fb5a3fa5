import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { launch, overflow, shoot, watchedPage } from './browser.js';
import { privateHome, replay, startResident } from './resident.js';

const CAPTURE = 'tools-autocompact';
const SESSION = '5b4ad6ab-e717-47ca-8227-719d231838e7';
const PATIENCE = 20_000;
const WIDTHS = [320, 360, 459, 460, 768, 1080, 1440];
const CONFIG = '[actions]\ncommand = ["/bin/echo", "saved"]\n';

/** The steps of one story: each begins where the former ended. */
describe('the Alerts page', () => {
  let home, resident, browser, page, complaints;

  before(async () => {
    home = await privateHome();
    const config = path.join(home.folder, 'config', 'plimsoll');
    await mkdir(config, { recursive: true });
    await writeFile(path.join(config, 'config.toml'), CONFIG);
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

  const api = async (route) => (await fetch(`${resident.dashboard}/api/v1/${route}`)).json();
  const sentence = (text) => page.locator('h1', { hasText: text }).waitFor();
  const ledger = (name) => page.getByRole('region', { name });
  const entries = (name) => ledger(name).getByRole('listitem');

  async function fits() {
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      assert.equal(await overflow(page), 0, `${page.url()} at ${width} px`);
    }
    await page.setViewportSize({ width: 1440, height: 900 });
  }

  /// Scenario: a fresh ledger; the page is opened by its link.
  /// Guarantees: it says that nothing has happened and that nothing is quiet.
  test('says that nothing has happened', async () => {
    await page.goto(resident.dashboard);
    await page.getByRole('link', { name: 'Alerts' }).click();
    await sentence('No compaction so far.');
    assert.equal(new URL(page.url()).hash, '#/alerts');
    await page.getByText('Nothing is muted or snoozed.').waitFor();
    assert.equal(await page.locator('.entry').count(), 0);
  });

  /// Scenario: a session grows past every level and is compacted while the page is open; each alert runs a command.
  /// Guarantees: without a reload every alert is listed with what its command said, and the compaction as unprepared
  /// after an urgent level, all with the numbers of the API.
  test('follows what happens', async () => {
    await replay(home.folder, CAPTURE, resident.otlpHttp);
    await sentence('The only compaction so far came without an acknowledged checkpoint.');
    await entries('Alerts').filter({ hasText: 'urgent' }).getByText('command done').waitFor();

    const { alerts } = await api('alerts');
    const { compactions } = await api('compactions');
    assert.equal(await entries('Alerts').count(), alerts.length);
    const revisions = alerts.map(({ revision }) => revision);
    assert.deepEqual(
      revisions,
      [...revisions].sort((a, b) => b - a),
    );
    assert.match(await entries('Alerts').first().innerText(), /exit 0: saved/);

    assert.equal(compactions.length, 1);
    const [{ beforeTokens, afterTokens, trigger, alerted }] = compactions;
    assert.deepEqual([trigger, alerted], ['auto', 'urgent']);
    const told = await entries('Compactions').first().innerText();
    assert.match(told, /automatic[^]*→[^]*unprepared[^]*urgent spoke before · no checkpoint/);
    for (const tokens of [beforeTokens, afterTokens]) {
      const exactly = `.size[title*="${tokens.toLocaleString('en-US')} tokens"]`;
      await entries('Compactions').first().locator(exactly).waitFor();
    }
    await fits();
    assert.equal(await shoot(page, 'alerts'), 0);
  });

  /// Scenario: all sessions are snoozed by keyboard, and the snooze is ended.
  /// Guarantees: the resident holds the wish until it is taken back; the focus stays among the buttons.
  test('wishes for quiet', async () => {
    const quiet = ledger('Quiet');
    await quiet.getByRole('button', { name: 'Snooze all 30 min' }).focus();
    await page.keyboard.press('Enter');
    await quiet.getByText('All sessions: snoozed until').waitFor();
    const [{ sessionId, projectPath, until }, ...others] = (await api('quiet')).silences;
    assert.deepEqual([sessionId, projectPath, others], [null, null, []]);
    const minutes = (Date.parse(until) - Date.now()) / 60_000;
    assert.ok(minutes > 28 && minutes <= 30, `${minutes} min`);
    await page.keyboard.press('Enter');
    await quiet.getByText('Nothing is muted or snoozed.').waitFor();
    assert.deepEqual((await api('quiet')).silences, []);
  });

  /// Scenario: an orchestrator acknowledges a checkpoint while the session's panel is open.
  /// Guarantees: it is listed with its note, and the session is said to be saved; its alert and compaction are there.
  test('tells a session of its checkpoint', async () => {
    await entries('Alerts').first().getByRole('link').click();
    const panel = page.locator('.panel');
    await panel.getByText('None was acknowledged so far.').waitFor();
    const answer = await fetch(`${resident.dashboard}/api/v1/sessions/${SESSION}/checkpoints`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-plimsoll-key': resident.key },
      body: JSON.stringify({ note: 'step 3 of 5', path: '/home/dana/NOTES.md' }),
    });
    assert.equal(answer.status, 201, await answer.text());
    await panel.getByRole('region', { name: 'Checkpoints' }).getByText('step 3 of 5').waitFor();
    await page.locator(`[data-session="${SESSION}"] .row .saved`).waitFor();
    await panel.getByRole('region', { name: 'Alerts' }).getByText('urgent').waitFor();
    await panel.getByRole('region', { name: 'Compactions' }).getByText('unprepared').waitFor();
    await fits();
  });

  /// Scenario: everything until here.
  /// Guarantees: no script error, nothing in the console, no violation of the content policy.
  test('gives the browser nothing to complain about', () => {
    assert.deepEqual(complaints, []);
  });
});
