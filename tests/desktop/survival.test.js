import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { startDesktop } from './desktop.js';
import { expected, shown } from './numbers.js';
import { until } from './programs.js';
import { startResident } from './resident.js';
import { Screen } from './screen.js';
import { attach } from './webdriver.js';

/** The steps of one story: each begins where the former ended. */
describe('what survives what', () => {
  let desktop, resident, screen, driver, pid;

  before(async () => {
    desktop = await startDesktop();
    screen = new Screen(desktop);
    resident = await startResident(desktop);
    await resident.replay('tools-autocompact');
  });

  after(() => desktop?.end());

  const untilShown = () =>
    until('a window', async () => {
      const [found] = await desktop.processes('plimsoll-window');
      return found !== undefined && (await screen.windowsOf(found)).length > 0 && found;
    });

  const connection = (state) =>
    driver.until(
      `a page that is ${state}`,
      (wanted) => document.querySelector('main')?.dataset.connection === wanted,
      state,
    );

  /// Scenario: the process that shows windows is killed, twice.
  /// Guarantees: the resident serves on, the next wish opens a window in a new process, its helpers go with it.
  test('the resident survives its windows', async () => {
    for (const wish of [
      { window: 'popover', at: null, toggle: true },
      { window: 'dashboard', session: null },
    ]) {
      assert.equal(await resident.ask(wish), 202);
      const killed = await untilShown();
      process.kill(killed, 'SIGKILL');
      await until('the end of it and its helpers', async () => {
        const names = ['plimsoll-window', 'WebKitWebProcess', 'WebKitNetworkProcess'];
        return (
          (await Promise.all(names.map((name) => desktop.processes(name)))).flat().length === 0
        );
      });
      await resident.snapshot();
    }
    assert.equal(await resident.ask({ window: 'dashboard', session: null }), 202);
    pid = await untilShown();
    assert.ok(resident.program.runs);
  });

  /// Scenario: the resident is killed while the dashboard is open, and started again on another port.
  /// Guarantees: the page says that its numbers are old and keeps them; the same process goes to the new port, and
  /// the page is live with the same numbers.
  test('the dashboard survives the resident, which comes back elsewhere', async () => {
    driver = await attach(desktop);
    await driver.choose('the dashboard', ({ pathname }) => pathname === '/');
    await connection('live');
    const { tokens, cost } = await driver.execute(shown);
    await kill();
    await connection('lost');
    const kept = await driver.execute(shown);
    assert.deepEqual({ tokens: kept.tokens, cost: kept.cost }, { tokens, cost });
    assert.equal(kept.sessions[0].state, 'was working');
    const title = await driver.execute(() => document.querySelector('h1').innerText);
    assert.match(title, /^Not connected: numbers are from /);

    const former = resident.page;
    resident = await startResident(desktop);
    assert.notEqual(resident.page, former);
    await driver.choose('the dashboard', ({ origin }) => origin === resident.page);
    await connection('live');
    await until('the numbers of the API', async () => {
      const told = expected(await resident.snapshot());
      return isDeepStrictEqual(await driver.execute(shown), told);
    });
    assert.deepEqual(await desktop.processes('plimsoll-window'), [pid]);
  });

  /// Scenario: the same, and the resident comes back on the same port.
  /// Guarantees: the page connects by itself, without being loaded again.
  test('the dashboard survives a resident that comes back', async () => {
    await driver.execute(() => (window.unbroken = true));
    await kill();
    await connection('lost');
    desktop.env.PLIMSOLL_DASHBOARD_LISTEN = new URL(resident.page).host;
    resident = await startResident(desktop);
    await connection('live');
    assert.equal(await driver.execute(() => window.unbroken), true);
    assert.deepEqual(await desktop.processes('plimsoll-window'), [pid]);
  });

  /// Scenario: after all of that the icon is pressed.
  /// Guarantees: the process that survived takes the wishes of the new resident.
  test('the windows follow the new resident', async () => {
    await until('a popover', async () => {
      const open = (await screen.windowsOf(pid)).some(({ width }) => width === 360);
      return open || (await resident.ask({ window: 'popover', at: null, toggle: false }), false);
    });
    assert.deepEqual(await desktop.processes('plimsoll-window'), [pid]);
  });

  const kill = async () => {
    resident.program.kill('SIGKILL');
    assert.equal(await resident.program.end(), 'SIGKILL');
  };
});
