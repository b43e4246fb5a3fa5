// What a person does and sees on the screen: keys, the focus, windows.

import { lookStill } from './framebuffer.js';
import { run, until } from './programs.js';

/** Any small program with a window; this one comes with every X server. */
const NEIGHBOUR = 'xkbwatch';

export class Screen {
  constructor(desktop) {
    this.desktop = desktop;
  }

  async #xdotool(...args) {
    return (await run('xdotool', args, { env: this.desktop.env })).trim();
  }

  /** The windows in sight whose process has this id, with their sizes. */
  async windowsOf(pid) {
    const ids = await this.#search('--all', '--pid', String(pid), '--name', '.');
    const windows = await Promise.all(ids.map(async (id) => ({ id, ...(await this.#size(id)) })));
    return windows.filter(({ width }) => width > 0);
  }

  /** The windows in sight that fit. */
  #search(...wanted) {
    return until('windows that do not vanish while they are looked at', async () => {
      try {
        return (await this.#xdotool('search', '--onlyvisible', ...wanted)).split('\n');
      } catch (error) {
        // It also fails where it finds none, without a complaint then.
        return error.complaint === '' && [];
      }
    });
  }

  /** Not a number where the window has vanished. */
  async #size(id) {
    const told = await this.#xdotool('getwindowgeometry', '--shell', id).catch(() => '');
    return { width: number(told, 'WIDTH'), height: number(told, 'HEIGHT') };
  }

  /** Where on the screen a window's content is. The pointer shows it: what is told counts some frames twice. */
  async place({ id }) {
    await this.#xdotool('mousemove', '--window', id, '0', '0');
    const told = await this.#xdotool('getmouselocation', '--shell');
    await this.#xdotool('mousemove', '0', '0');
    return { x: number(told, 'X'), y: number(told, 'Y'), ...(await this.#size(id)) };
  }

  /** What stands there on the screen, once it stands still. */
  async picture(window) {
    return lookStill(this.desktop.framebuffer, await this.place(window));
  }

  focused() {
    return this.#xdotool('getwindowfocus').catch(() => null);
  }

  /** Waits until a window of this process has the focus; its id. */
  untilFocused(pid) {
    return until('the focus', async () => {
      const [focused, windows] = await Promise.all([this.focused(), this.windowsOf(pid)]);
      return windows.find(({ id }) => id === focused);
    });
  }

  /** Waits until the process shows this many windows. */
  untilWindows(pid, count) {
    return until(`${count} windows`, async () => {
      const windows = await this.windowsOf(pid);
      return windows.length === count && windows;
    });
  }

  /** Presses a key, for whatever window has the focus. */
  press(key) {
    return this.#xdotool('key', key);
  }

  /** Another program's window, which is there and has not got the focus yet. */
  async neighbour() {
    const program = this.desktop.start(NEIGHBOUR, []);
    const [window] = await program.until('a window', async () => {
      const found = await this.#search('--class', NEIGHBOUR);
      return found.length > 0 && found;
    });
    return { focus: () => this.#xdotool('windowactivate', window), end: () => program.stop() };
  }
}

function number(told, name) {
  return Number(new RegExp(`^${name}=(-?\\d+)$`, 'm').exec(told)?.[1]);
}
