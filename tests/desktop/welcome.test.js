import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';
import { startDesktop } from './desktop.js';
import { until } from './programs.js';
import { SHAPES, startResident } from './resident.js';
import { Screen } from './screen.js';

/** The process that shows windows, once it shows one. */
async function shows(desktop) {
  const screen = new Screen(desktop);
  return until('a window', async () => {
    const [found] = await desktop.processes('plimsoll-window');
    return found !== undefined && (await screen.windowsOf(found)).length > 0 && found;
  });
}

for (const shape of SHAPES) {
  /// Scenario: the first start of all, and a later one.
  /// Guarantees: the dashboard opens by itself the first time, in either shape of the application; later nothing does.
  test(`the first start welcomes, ${shape}`, async () => {
    for (const first of [true, false]) {
      const desktop = await startDesktop({ PLIMSOLL_DESKTOP_BACKEND: shape });
      try {
        if (first) await rm(desktop.welcomed);
        const resident = await startResident(desktop);
        if (first) {
          await shows(desktop);
        } else {
          await resident.replay('tools-autocompact');
          const screen = new Screen(desktop);
          for (const pid of await desktop.processes('plimsoll-window')) {
            assert.deepEqual(await screen.windowsOf(pid), []);
          }
        }
      } finally {
        await desktop.end();
      }
    }
  });
}
