import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { startDesktop } from './desktop.js';
import { until } from './programs.js';
import { startResident, startWindows } from './resident.js';
import { Screen } from './screen.js';
import { attach } from './webdriver.js';

const SESSION = '5b4ad6ab-e717-47ca-8227-719d231838e7';

const isPopover = ({ pathname }) => pathname === '/popover';
const isDashboard = ({ pathname }) => pathname === '/';
const isAt = (session) => (url) => isDashboard(url) && url.hash === `#/session/${session}`;

/** The steps of one story: each begins where the former ended. */
describe('the windows', () => {
  let desktop, resident, screen, program, driver;

  before(async () => {
    desktop = await startDesktop();
    screen = new Screen(desktop);
    resident = await startResident(desktop);
    await resident.replay('tools-autocompact');
    program = startWindows(desktop, 'popover');
    driver = await attach(desktop);
  });

  after(() => desktop?.end());

  /// Scenario: a click on a session in the popover.
  /// Guarantees: the dashboard opens on that session, in the same process; the popover closes.
  test('a session of the popover opens in the dashboard', async () => {
    await driver.choose('the popover', isPopover);
    await screen.untilWindows(program.pid, 1);
    await driver.until('the session', () => document.querySelector('[data-session]') !== null);
    await driver.click('[data-session] h3 a');
    await driver.choose('the dashboard', isAt(SESSION));
    await driver.until('its requests', () => document.querySelector('.panel tbody tr') !== null);
    await until('the popover closed', async () => (await driver.handles()).length === 1);
    assert.deepEqual(await desktop.processes('plimsoll-window'), [program.pid]);
  });

  /// Scenario: the popover is asked for while the dashboard is open; the dashboard, and a session of it, while the
  /// popover is; `plimsoll-window dashboard` is started a second time.
  /// Guarantees: one process shows them all, each once; the second one ends with 0, and the first has shown it.
  test('one process shows all of them', async () => {
    await resident.press();
    await driver.choose('the popover', isPopover);
    assert.equal((await driver.handles()).length, 2);
    await resident.ask({ window: 'dashboard', session: 's-1' });
    await driver.choose('the dashboard', isAt('s-1'));

    const second = startWindows(desktop, 'dashboard', '--session', 's-2');
    assert.equal(await second.end(), 0);
    await driver.choose('the dashboard', isAt('s-2'));
    const dashboards = await screen.windowsOf(program.pid);
    assert.equal(dashboards.filter(({ width }) => width > 360).length, 1);
    assert.deepEqual(await desktop.processes('plimsoll-window'), [program.pid]);
  });

  /// Scenario: the page goes to another server, to a file, to other addresses of the engine: by itself, by links,
  /// in new windows, in frames.
  /// Guarantees: it stays where it is, nobody hears of it, and no window opens or closes.
  test('a page cannot leave the engine', async () => {
    const heard = [];
    const server = createServer((request, answer) => {
      heard.push(request.url);
      answer.end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const foreign = `http://127.0.0.1:${server.address().port}`;
    const page = resident.page;
    try {
      const dashboard = await driver.choose('the dashboard', isDashboard);
      const before = [await driver.url(), await driver.handles()];
      await driver.execute(() => (window.unbroken = true));
      for (const address of [
        foreign,
        'file:///etc/passwd',
        `${page}/api/v1/snapshot`,
        'plimsoll:close',
      ]) {
        await driver.executeAsync(leave, address);
      }
      assert.equal(await driver.execute(() => window.unbroken), true);
      // What was decided before this was decided is decided.
      await driver.execute(() => location.reload());
      await driver.until(
        'the page, loaded again',
        () => !window.unbroken && document.readyState === 'complete',
      );
      assert.deepEqual([await driver.url(), await driver.handles()], before);
      assert.ok(before[1].includes(dashboard));
      assert.deepEqual(heard, []);
    } finally {
      server.close();
    }
  });

  /// Scenario: the page calls Tauri's commands in every way that it finds.
  /// Guarantees: there are none that it may use.
  test('a page has no way into the process', async () => {
    assert.equal(await driver.execute(() => typeof window.__TAURI__), 'undefined');
    for (const command of ['plugin:window|close', 'plugin:app|version', 'plugin:event|emit']) {
      const outcome = await driver.executeAsync(invoke, command);
      assert.match(outcome, /^(absent|refused: .*not allowed)/, `${command}: ${outcome}`);
    }
  });

  /// Scenario: all windows are closed by a wish; another dashboard is closed through the window manager.
  /// Guarantees: the process ends with 0 with its last window, and the resident stays.
  test('the process ends with its last window', async () => {
    await resident.ask({ window: 'nothing' });
    assert.equal(await program.end(), 0);
    const again = startWindows(desktop, 'dashboard');
    await screen.untilFocused(again.pid);
    await screen.press('alt+F4');
    assert.equal(await again.end(), 0);
    await resident.snapshot();
  });
});

/** Goes to an address in every way that pages have, each in a turn of its own; runs in the page. */
function leave(address, done) {
  const link = document.createElement('a');
  const frame = document.createElement('iframe');
  document.body.append(link, frame);
  const turns = [
    () => location.assign(address),
    () => location.replace(address),
    () => window.open(address),
    () => Object.assign(link, { href: address }).click(),
    () => Object.assign(link, { target: '_blank' }).click(),
    () => Object.assign(frame, { src: address }),
    () => {
      link.remove();
      frame.remove();
    },
    done,
  ];
  const next = () => {
    turns.shift()();
    if (turns.length > 0) setTimeout(next);
  };
  next();
}

/** What a command of Tauri answers; runs in the page. */
function invoke(command, done) {
  const internals = window.__TAURI_INTERNALS__;
  if (internals?.invoke === undefined) return done('absent');
  return internals.invoke(command, {}).then(
    (answer) => done(`answered: ${JSON.stringify(answer)}`),
    (error) => done(`refused: ${error}`),
  );
}
