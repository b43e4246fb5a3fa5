import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  isAboutTheAbsentServer,
  launch,
  overflow,
  shoot,
  watchedPage,
  watchGauge,
} from './browser.js';
import { privateHome, replay, startResident } from './resident.js';

const CAPTURE = 'tools-autocompact';
const SESSION = '5b4ad6ab-e717-47ca-8227-719d231838e7';
const PATIENCE = 20_000;

/** The steps of one story: each begins where the former ended. */
describe('the live page', () => {
  let home, resident, browser, page, complaints;

  before(async () => {
    home = await privateHome();
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

  const sentence = (text) => page.locator('h1', { hasText: text }).waitFor();
  const row = () => page.locator(`[data-session="${SESSION}"]`);
  const connection = (state) => page.locator(`main[data-connection=${state}]`).waitFor();

  /** Everything about the session but its age. */
  const numbers = async () => ({
    gauge: await row().locator('[data-occupancy]').first().getAttribute('aria-label'),
    used: await row().locator('.books').innerText(),
    today: await page.locator('aside section').first().innerText(),
  });

  /// Scenario: a fresh ledger, nothing has ever arrived.
  /// Guarantees: the page says so, with settings that name the address that really receives.
  test('says what to do while nothing has arrived', async () => {
    await page.goto(resident.dashboard);
    await sentence('Nothing has arrived yet.');
    const settings = JSON.parse(await page.getByTestId('settings').innerText());
    assert.equal(settings.env.OTEL_EXPORTER_OTLP_ENDPOINT, resident.otlpHttp);
    assert.equal(settings.env.CLAUDE_CODE_ENABLE_TELEMETRY, '1');
    assert.equal(await shoot(page, 'empty'), 0);
  });

  /// Scenario: a session of 18 tool turns is replayed at its own pace while the page is open.
  /// Guarantees: it appears without a reload, and its gauge moves at least twice.
  test('shows a session and moves its gauge', async () => {
    const occupancies = await watchGauge(page);
    await replay(home.folder, CAPTURE, resident.otlpHttp);
    await row().waitFor();
    await page.waitForFunction(() => window.occupancies.length >= 3);
    const seen = await occupancies();
    assert.ok(
      seen.every((tokens) => tokens > 0),
      `a gauge without tokens among ${seen}`,
    );
    assert.equal(await shoot(page, 'live'), 0);
  });

  /// Scenario: the session is chosen by keyboard, on a wide screen.
  /// Guarantees: its requests are listed; Escape closes the panel.
  test('opens a session by keyboard', async () => {
    await row().getByRole('link').first().focus();
    await page.keyboard.press('Enter');
    await page.locator('.panel tbody tr').first().waitFor();
    assert.equal(new URL(page.url()).hash, `#/session/${SESSION}`);
    assert.equal(await shoot(page, 'session'), 0);
    await page.keyboard.press('Escape');
    await page.locator('.panel').waitFor({ state: 'detached' });
  });

  /// Scenario: the window is as narrow as a phone and as wide as a wall.
  /// Guarantees: no horizontal scrolling anywhere.
  test('fits every width', async () => {
    for (const width of [320, 360, 540, 768, 1079, 1080, 1440, 1920, 2560]) {
      await page.setViewportSize({ width, height: 900 });
      assert.equal(await overflow(page), 0, `at ${width} px`);
    }
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  /// Scenario: everything until here.
  /// Guarantees: no script error, nothing in the console, no violation of the content policy.
  test('gives the browser nothing to complain about', () => {
    assert.deepEqual(complaints, []);
  });

  /// Scenario: the server is stopped and started again on the same port with the same ledger.
  /// Guarantees: the page says that its numbers are old, keeps them, and recovers by itself to the same ones.
  test('survives a restart of the server', async () => {
    const before = await numbers();
    await resident.stop();
    await connection('lost');
    await sentence('Not connected: numbers are from');
    assert.deepEqual(await numbers(), before);
    assert.equal(await shoot(page, 'stale'), 0);

    resident = await startResident(home.folder, new URL(resident.dashboard).host);
    await connection('live');
    await row().waitFor();
    assert.deepEqual(await numbers(), before);
    assert.deepEqual(
      complaints.filter((complaint) => !isAboutTheAbsentServer(complaint)),
      [],
    );
  });
});
