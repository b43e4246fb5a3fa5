import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  isAboutTheAbsentServer,
  launch,
  multiplied,
  overflow,
  POPOVER_SIZES,
  tell,
  watchedPage,
  watchGauge,
} from './browser.js';
import { privateHome, replay, startResident } from './resident.js';

const CAPTURE = 'tools-autocompact';
const SESSION = '5b4ad6ab-e717-47ca-8227-719d231838e7';
const PATIENCE = 20_000;
const [WINDOW] = POPOVER_SIZES;

/** The steps of one story: each begins where the former ended. */
describe('the popover', () => {
  let home, resident, browser, page, complaints;

  before(async () => {
    home = await privateHome();
    resident = await startResident(home.folder);
    browser = await launch();
    ({ page, complaints } = await watchedPage(browser));
    page.setDefaultTimeout(PATIENCE);
    await page.setViewportSize(WINDOW);
  });

  after(async () => {
    await browser?.close();
    await resident?.stop();
    await home?.remove();
  });

  const address = (path) => `${resident.dashboard}${path}`;
  const snapshot = async () => (await fetch(address('/api/v1/snapshot'))).json();
  const sentence = (text) => page.locator('h1', { hasText: text }).waitFor();
  const row = () => page.locator(`[data-session="${SESSION}"]`);
  const focused = () => page.evaluate(() => document.activeElement.getAttribute('href'));

  /** The exact numbers behind what is shown. */
  const shown = () =>
    page.evaluate((id) => {
      const digits = (element) => Number(element?.getAttribute('title').replace(/[^\d.]/g, ''));
      const gauge = document.querySelector(`[data-session="${id}"] [data-occupancy]`);
      const today = document.querySelector('[aria-labelledby=today]');
      return {
        occupancyTokens: Number(gauge?.dataset.occupancy),
        percentOfLine: Number(gauge?.dataset.percent),
        total: digits(today?.querySelector('.head p span')),
        costUsd: digits(today?.querySelector('strong')),
        split: [...(today?.querySelectorAll('li') ?? [])].map(digits),
      };
    }, SESSION);

  const told = ({ sessions, today: { usage } }) => {
    const { occupancyTokens, percentOfLine } = sessions[0].context;
    const { input, cacheRead, cacheCreation, output, total } = usage.tokens;
    const split = [input, cacheRead, cacheCreation, output];
    return { occupancyTokens, percentOfLine, total, costUsd: usage.costUsd, split };
  };

  /// Scenario: a fresh ledger, nothing has ever arrived.
  /// Guarantees: the popover says so, and its link leads to the steps in the dashboard.
  test('leads to the first steps while nothing has arrived', async () => {
    await page.goto(address('/popover'));
    await sentence('Nothing has arrived yet.');
    await page.getByRole('link', { name: 'Show the steps' }).click();
    await page.getByTestId('settings').waitFor();
    assert.equal(new URL(page.url()).pathname, '/');
  });

  /// Scenario: a session of 18 tool turns is replayed at its own pace while the popover is open.
  /// Guarantees: it appears without a reload, its gauge moves, and in the end every number is the API's.
  test('shows the numbers of the API, as they move', async () => {
    await page.goto(address('/popover'));
    await sentence('Nothing has arrived yet.');
    const occupancies = await watchGauge(page);
    await replay(home.folder, CAPTURE, resident.otlpHttp);
    await row().waitFor();
    await page.waitForFunction(() => window.occupancies.length >= 3);
    assert.ok((await occupancies()).every((tokens) => tokens > 0));

    const expected = told(await snapshot());
    await page.waitForFunction(
      (tokens) => document.querySelector(`[data-occupancy="${tokens}"]`),
      expected.occupancyTokens,
    );
    assert.deepEqual(await shown(), expected);
  });

  /// Scenario: the popover's links are followed by keyboard and by a click beside the name.
  /// Guarantees: they are reached in order, a session's snooze beside its link, and lead to the session and to the
  /// dashboard.
  test('leads to the dashboard', async () => {
    await page.keyboard.press('Tab');
    assert.equal(await focused(), `/#/session/${SESSION}`);
    await page.keyboard.press('Tab');
    assert.match(await page.evaluate(() => document.activeElement.ariaLabel), /^Snooze .* 30 min$/);
    await page.keyboard.press('Tab');
    assert.equal(await focused(), '/');
    await page.keyboard.press('Enter');
    await page.locator('aside').waitFor();
    assert.equal(new URL(page.url()).pathname, '/');

    await page.goBack();
    await row().locator('.figures').click();
    await page.locator('.panel').waitFor();
    assert.equal(new URL(page.url()).hash, `#/session/${SESSION}`);
    await page.goBack();
    await row().waitFor();
  });

  /// Scenario: the popover in browsers of many widths, and Escape pressed there.
  /// Guarantees: no horizontal scrolling anywhere, 420 px at most; it stays open.
  test('is a page like any other in a browser', async () => {
    for (const width of [280, 320, 360, 451, 452, 1440]) {
      await page.setViewportSize({ width, height: 560 });
      assert.equal(await overflow(page), 0, `at ${width} px`);
      const box = await page.locator('.popover').boundingBox();
      assert.ok(box.width <= 420, `${box.width} px wide at ${width} px`);
    }
    await page.setViewportSize(WINDOW);
    await page.keyboard.press('Escape');
    assert.equal(page.url(), address('/popover'));
    await row().waitFor();
  });

  /// Scenario: twelve sessions in a window as high as it can be.
  /// Guarantees: the list scrolls by itself; sentence and button stay in sight.
  test('keeps head and button in sight', async () => {
    const crowded = await browser.newPage({ viewport: WINDOW });
    await tell(crowded, multiplied(await snapshot(), 12));
    await crowded.goto(address('/popover?window'));
    await crowded.locator('[data-session]').nth(11).scrollIntoViewIfNeeded();
    const scrolled = await crowded.evaluate(() => {
      const { scrollTop, scrollHeight, clientHeight } = document.querySelector('.scroll');
      const page = document.documentElement;
      return {
        list: scrollTop > 0 && scrollHeight > clientHeight,
        page: page.scrollHeight > page.clientHeight,
      };
    });
    assert.deepEqual(scrolled, { list: true, page: false });
    for (const part of ['h1', '.foot a']) {
      const { y, height } = await crowded.locator(part).boundingBox();
      assert.ok(y >= 0 && y + height <= WINDOW.height, `${part} at ${y}`);
    }
    await crowded.close();
  });

  /** Opens the popover as a window does, presses Escape; what it told the window, and how high it is. */
  const inWindow = async (prepare = async () => {}) => {
    const windowed = await browser.newPage({ viewport: WINDOW });
    const messages = [];
    const session = await windowed.context().newCDPSession(windowed);
    await session.send('Page.enable');
    const closed = new Promise((heard) => {
      session.on('Page.frameRequestedNavigation', ({ url }) => {
        messages.push(url);
        if (url === 'plimsoll:close') heard();
      });
    });
    await prepare(windowed);
    await windowed.goto(address('/popover?window'));
    await windowed.locator('.popover').waitFor();
    await windowed.evaluate(() => document.fonts.ready);
    await overflow(windowed);
    const { height } = await windowed.locator('.popover').boundingBox();
    await windowed.keyboard.press('Escape');
    await closed;
    await windowed.close();
    return { messages, height: Math.ceil(height) };
  };

  /// Scenario: the popover in a window, then Escape; the same with more sessions than fit.
  /// Guarantees: the window is told the height of the content, 560 at most, and to close.
  test('talks to its window', async () => {
    const few = await inWindow();
    assert.ok(few.height < WINDOW.height, `${few.height} px`);
    assert.deepEqual(few.messages.slice(-2), [`plimsoll:height/${few.height}`, 'plimsoll:close']);

    const twelve = multiplied(await snapshot(), 12);
    const many = await inWindow((windowed) => tell(windowed, twelve));
    assert.deepEqual(many.messages, ['plimsoll:height/560', 'plimsoll:close']);
  });

  /// Scenario: everything until here.
  /// Guarantees: no script error, nothing in the console, no violation of the content policy.
  test('gives the browser nothing to complain about', () => {
    assert.deepEqual(complaints, []);
  });

  /// Scenario: the server is stopped and started again on the same port with the same ledger.
  /// Guarantees: the popover says that its numbers are old, keeps them, and recovers by itself to the same ones.
  test('survives a restart of the server', async () => {
    const before = await shown();
    await resident.stop();
    await sentence('Not connected: numbers are from');
    assert.deepEqual(await shown(), before);
    resident = await startResident(home.folder, new URL(resident.dashboard).host);
    await page.locator('main[data-connection=live]').waitFor();
    assert.deepEqual(await shown(), before);
    assert.deepEqual(
      complaints.filter((complaint) => !isAboutTheAbsentServer(complaint)),
      [],
    );
  });
});
