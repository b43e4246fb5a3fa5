import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { startDesktop } from './desktop.js';
import { expected, shown } from './numbers.js';
import { until } from './programs.js';
import { SHAPES, startResident } from './resident.js';
import { Screen } from './screen.js';
import { attach } from './webdriver.js';

/** The popover's width, and the tallest that it becomes. */
const [WIDTH, TALLEST] = [360, 560];
const SESSION = '5b4ad6ab-e717-47ca-8227-719d231838e7';

/** The steps of one story: each begins where the former ended. */
const story = (shape) => () => {
  let desktop, resident, screen, driver, dashboard, popover;

  before(async () => {
    desktop = await startDesktop({ PLIMSOLL_DESKTOP_BACKEND: shape });
    screen = new Screen(desktop);
    resident = await startResident(desktop);
    await resident.replay('tools-autocompact');
  });

  after(() => desktop?.end());

  /** Waits until the window shows the numbers of the API; these. */
  const untilTrue = async (handle) => {
    await driver.switchTo(handle);
    return until('the numbers of the API', async () => {
      const [told, seen] = [expected(await resident.snapshot()), await driver.execute(shown)];
      return isDeepStrictEqual(seen, told) && seen;
    }).catch(async () => {
      assert.deepEqual(await driver.execute(shown), expected(await resident.snapshot()));
    });
  };

  /// Scenario: a session was replayed; the dashboard is opened, then the popover by a press on the icon.
  /// Guarantees: both show what the API answers, to the word: fill, line, state, today's tokens and cost.
  test('show the numbers of the API', async () => {
    const wish = { window: 'dashboard', session: null };
    await until('the dashboard asked for', async () => (await resident.ask(wish)) === 202);
    driver = await attach(desktop);
    dashboard = await driver.choose('the dashboard', ({ pathname }) => pathname === '/');
    await resident.press();
    popover = await driver.choose('the popover', ({ pathname }) => pathname === '/popover');
    const seen = await untilTrue(popover);
    assert.deepEqual(await untilTrue(dashboard), seen);
    assert.equal(seen.sessions.length, 1);
    assert.notEqual(seen.cost, '$0.00');
  });

  const popoverWindow = async () => {
    const [pid] = await desktop.processes('plimsoll-window');
    return (await screen.windowsOf(pid)).find(({ width }) => width === WIDTH);
  };

  /** How many pixels of the popover on the screen have the colour of a gauge's fill. */
  const filled = async () => {
    await driver.switchTo(popover);
    const colour = Buffer.from(await driver.execute(colourOfFill));
    const { pixels } = await screen.picture(await popoverWindow());
    let count = 0;
    for (let at = 0; at < pixels.length; at += 3) {
      if (pixels.compare(colour, 0, 3, at, at + 3) === 0) count += 1;
    }
    return count;
  };

  /// Scenario: another request of the session arrives, then another session, while both are open.
  /// Guarantees: both windows move to the new numbers without being loaded again, and what is on the screen with them.
  test('move with what arrives', async () => {
    for (const handle of [dashboard, popover]) {
      await driver.switchTo(handle);
      await driver.execute(() => (window.unbroken = true));
    }
    const [before] = expected(await resident.snapshot()).sessions;
    const filledBefore = await filled();
    assert.ok(filledBefore > 0, 'the popover was laid out, but is not on the screen');
    await resident.request(SESSION, 91_000);
    const [moved] = (await untilTrue(popover)).sessions;
    assert.notEqual(moved.fill, before.fill);
    assert.equal((await untilTrue(dashboard)).sessions[0].fill, moved.fill);
    const growth = moved.percent / before.percent;
    await until(
      'a longer gauge on the screen',
      async () => (await filled()) > (growth / 2) * filledBefore,
    );

    await resident.replay('simple-http-json');
    assert.equal((await untilTrue(popover)).sessions.length, 2);
    assert.equal((await untilTrue(dashboard)).sessions.length, 2);
    for (const handle of [dashboard, popover]) {
      await driver.switchTo(handle);
      assert.equal(await driver.execute(() => window.unbroken), true);
    }
  });

  /// Scenario: sessions arrive while the popover is open, so that it tells its window other heights.
  /// Guarantees: the window follows the height, and the page's stream outlives these navigations.
  test('the popover tells its height and stays connected', async () => {
    await driver.switchTo(popover);
    await driver.execute(watchConnection);
    const height = async () => (await popoverWindow())?.height;
    const untilFitting = () =>
      until('the height that is needed', async () => {
        const needed = Math.min(await driver.execute(neededHeight), TALLEST);
        return (await height()) === needed && needed;
      });
    const before = await untilFitting();
    await resident.replay('subagents');
    await untilTrue(popover);
    assert.ok((await untilFitting()) > before);
    await resident.replay('resume');
    await untilTrue(popover);
    assert.equal(await untilFitting(), TALLEST);
    await resident.request(SESSION, 92_000);
    await untilTrue(popover);
    assert.deepEqual(await driver.execute(() => window.connections), ['live']);
    assert.deepEqual(await driver.execute(overflow), { width: 0, height: 0 });
  });
};

for (const shape of SHAPES) describe(`popover and dashboard, ${shape}`, story(shape));

/** The colour of a gauge's fill: red, green, blue; runs in the page. */
function colourOfFill() {
  const { fill } = getComputedStyle(document.querySelector('[data-session] .gauge .fill'));
  return fill.match(/\d+/g).slice(0, 3).map(Number);
}

/** Remembers every state of the page's connection, from now on; runs in the page. */
function watchConnection() {
  const main = document.querySelector('main[data-connection]');
  window.connections = [main.dataset.connection];
  const look = () => window.connections.push(main.dataset.connection);
  new MutationObserver(look).observe(main, { attributeFilter: ['data-connection'] });
}

/** How high all parts of the popover are together; runs in the page. */
function neededHeight() {
  const parts = ['header', '.content', '.below'].map((part) => document.querySelector(part));
  return Math.ceil(parts.reduce((sum, part) => sum + part.getBoundingClientRect().height, 0));
}

/** By how much the page is larger than its window; runs in the page. */
function overflow() {
  const { scrollWidth, clientWidth, scrollHeight, clientHeight } = document.documentElement;
  return { width: scrollWidth - clientWidth, height: scrollHeight - clientHeight };
}
