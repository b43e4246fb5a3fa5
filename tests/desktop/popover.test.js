import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startDesktop } from './desktop.js';
import { until } from './programs.js';
import { startResident, startWindows } from './resident.js';
import { Screen } from './screen.js';
import { attach } from './webdriver.js';

/** How long after a loss of focus a press still belongs to it, in ms (src-tauri/window/popover/machine.rs). */
const LATCH = 250;
/** How high the popover is until its page has told its height, which it does before anything else. */
const UNTOLD = 560;
const WEBKIT = ['WebKitWebProcess', 'WebKitNetworkProcess'];

/** Waits until the popover has the focus, and a page that hears keys. */
function untilReady(screen, pid) {
  return until('a popover that hears keys', async () => {
    const { height } = await screen.untilFocused(pid);
    return height < UNTOLD;
  });
}

describe('the popover on a desktop', () => {
  let desktop, resident, screen, neighbour;

  before(async () => {
    desktop = await startDesktop();
    screen = new Screen(desktop);
    neighbour = await screen.neighbour();
    resident = await startResident(desktop);
    await resident.replay('tools-autocompact');
  });

  after(() => desktop?.end());

  /** The process that shows windows, once there is one. */
  const untilShown = () =>
    until('a window', async () => {
      const [pid] = await desktop.processes('plimsoll-window');
      return pid !== undefined && (await screen.windowsOf(pid)).length > 0 && pid;
    });

  const untilGone = () =>
    until('the end of the process and its helpers', async () => {
      const all = ['plimsoll-window', ...WEBKIT].map((name) => desktop.processes(name));
      return (await Promise.all(all)).flat().length === 0;
    });

  /// Scenario: Escape is pressed at the keyboard while the popover is open.
  /// Guarantees: it has the focus, closes, its process ends with 0, and no process of the web view is left.
  test('closes on Escape, and its process ends', async () => {
    const program = startWindows(desktop, 'popover', '--at', '1264,16');
    await untilReady(screen, program.pid);
    assert.equal((await desktop.processes('WebKitWebProcess')).length, 1);
    await screen.press('Escape');
    assert.equal(await program.end(), 0);
    await untilGone();
  });

  /// Scenario: the icon is pressed, then another program's window gets the focus.
  /// Guarantees: the popover stands near the icon and closes; the process ends.
  test('closes when it loses the focus', async () => {
    await resident.press();
    const pid = await untilShown();
    const { x, y, width } = await screen.place(await screen.untilFocused(pid));
    assert.deepEqual({ right: 1280 - x - width, y, width }, { right: 8, y: 24, width: 360 });
    await neighbour.focus();
    await untilGone();
  });

  /// Scenario: the icon is pressed four times.
  /// Guarantees: the popover opens, closes with its process, opens in a new one, closes.
  test('follows the presses on the icon', async () => {
    const pids = [];
    for (let time = 0; time < 2; time += 1) {
      assert.equal(await resident.press(), 202);
      pids.push(await untilShown());
      assert.equal(await resident.press(), 202);
      await untilGone();
    }
    assert.notEqual(pids[0], pids[1]);
    assert.ok(resident.program.runs);
  });

  /// Scenario: the icon is pressed while the popover is open, which takes the focus from it first; then pressed again.
  /// Guarantees: the first press closes the popover and does not open it again, the second opens it.
  test('takes loss of focus and press for one click', async () => {
    await resident.ask({ window: 'dashboard', session: null });
    const driver = await attach(desktop);
    const isPopover = ({ pathname }) => pathname === '/popover';
    const session =
      (id) =>
      ({ hash }) =>
        hash === `#/session/${id}`;
    const pid = await untilShown();

    const pressWhileOpen = async () => {
      await resident.press();
      await driver.choose('the popover', isPopover);
      await until('the focus on the popover', async () => {
        const { width } = await screen.untilFocused(pid);
        return width === 360;
      });
      const began = performance.now();
      await neighbour.focus();
      await resident.press();
      return performance.now() - began;
    };

    for (let turn = 1, took = Infinity; took > LATCH / 2; turn += 1) {
      assert.ok(turn < 10, 'the machine is too busy to press in time');
      took = await pressWhileOpen();
      // Wishes are heard in order: when this one is seen, the press was heard.
      await resident.ask({ window: 'dashboard', session: `turn-${turn}` });
      await driver.choose('the dashboard', session(`turn-${turn}`));
      const open = (await screen.windowsOf(pid)).filter(({ width }) => width === 360);
      if (took > LATCH / 2 && open.length > 0) await resident.press();
      else assert.deepEqual(open, []);
    }
    await resident.press();
    await driver.choose('the popover', isPopover);
    await resident.ask({ window: 'nothing' });
    await untilGone();
  });
});

describe('the popover of the application in one process', () => {
  let desktop, resident, screen, neighbour;

  before(async () => {
    desktop = await startDesktop({ PLIMSOLL_DESKTOP_BACKEND: 'in-process' });
    screen = new Screen(desktop);
    neighbour = await screen.neighbour();
    resident = await startResident(desktop);
  });

  after(() => desktop?.end());

  /// Scenario: the popover is opened and closed by Escape, by a second press, by the loss of focus.
  /// Guarantees: each closes the window and ends its page; the process goes on with the engine, and ends with 0.
  test('opens and closes while the process stays', async () => {
    const { pid } = resident.program;
    // Last what a press would belong to that comes soon after it.
    const ways = [() => screen.press('Escape'), () => resident.press(), () => neighbour.focus()];
    for (const close of ways) {
      await until('the popover asked for', async () => (await resident.press()) === 202);
      await untilReady(screen, pid);
      await close();
      await screen.untilWindows(pid, 0);
      await until('the end of the page', async () => {
        return (await desktop.processes('WebKitWebProcess')).length === 0;
      });
    }
    await resident.snapshot();
    assert.deepEqual(await desktop.processes('plimsoll-window'), [pid]);
    assert.equal(await resident.program.stop(), 0);
  });
});
