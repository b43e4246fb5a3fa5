// A desktop of its own for each test: an X server, a window manager, a session bus, a home. Nothing of the
// machine's is read, written or shown on.

import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run, start, until } from './programs.js';

const SCREEN = '1280x900x24';

/** A session bus on which nothing is started by itself. */
const BUS = (
  socket,
) => `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=${socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`;

/** Starts one, where programs find `variables` in their environment. It is taken down with `end`. */
export async function startDesktop(variables = {}) {
  const folder = await mkdtemp(path.join(tmpdir(), 'plimsoll-desktop-'));
  // Also when the tests are interrupted.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const desktop = new Desktop(folder);
  try {
    await desktop.furnish(variables);
  } catch (error) {
    await desktop.end();
    throw error;
  }
  return desktop;
}

class Desktop {
  #furniture = [];

  constructor(folder) {
    this.folder = folder;
    /** What programs on this desktop find in their environment. */
    this.env = {};
  }

  async furnish(variables) {
    for (const name of ['home', 'run', 'tmp']) {
      await mkdir(path.join(this.folder, name), { mode: 0o700 });
    }
    // Otherwise every start would be the first one, which opens the dashboard.
    const data = path.join(this.folder, 'home', 'data', 'plimsoll');
    await mkdir(data, { recursive: true, mode: 0o700 });
    this.welcomed = path.join(data, 'welcomed');
    await writeFile(this.welcomed, '');
    this.inspector = `127.0.0.1:${await freePort()}`;
    this.env = { ...environment(this.folder, this.inspector), ...variables };
    this.env.DISPLAY = await this.#screen();
    this.env.DBUS_SESSION_BUS_ADDRESS = await this.#bus();
    const manager = this.start('openbox', []);
    await manager.until('a window manager', () =>
      run('xdotool', ['get_desktop'], { env: this.env }).catch(() => null),
    );
  }

  async #screen() {
    this.framebuffer = path.join(this.folder, 'Xvfb_screen0');
    const screen = ['-screen', '0', SCREEN, '-fbdir', this.folder];
    const args = ['-displayfd', '3', ...screen, '-nolisten', 'tcp', '-noreset'];
    const server = this.start('Xvfb', args, { pipes: 1 });
    const number = await server.until('a display', () => server.said(3).trim());
    return `:${number}`;
  }

  async #bus() {
    const [file, socket] = ['session.conf', 'bus'].map((name) => path.join(this.folder, name));
    await writeFile(file, BUS(socket));
    const args = ['--nofork', '--nopidfile', '--print-address=1', `--config-file=${file}`];
    const daemon = this.start('dbus-daemon', args);
    return daemon.until('a session bus', () => daemon.said().trim());
  }

  /** Starts a program on this desktop. It ends with the desktop at the latest. */
  start(command, args, options = {}) {
    const program = start(command, args, { env: this.env, ...options });
    this.#furniture.push(program);
    return program;
  }

  /** The processes on this desktop that run this program, by id, however they were started. */
  async processes(name) {
    const running = await this.#everything();
    return running.filter((process) => process.name === name).map(({ pid }) => pid);
  }

  async #everything() {
    const mark = `XDG_RUNTIME_DIR=${this.env.XDG_RUNTIME_DIR}`;
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
    const looked = pids.map(async (pid) => {
      try {
        const environ = await readFile(`/proc/${pid}/environ`, 'latin1');
        if (!environ.split('\0').includes(mark)) return null;
        return { pid, name: path.basename(await readlink(`/proc/${pid}/exe`)) };
      } catch {
        // It has ended meanwhile, or is somebody else's.
        return null;
      }
    });
    return (await Promise.all(looked)).filter((process) => process !== null);
  }

  /** Ends everything on it, also what its programs have started, and removes its files. */
  async end() {
    for (const program of this.#furniture.reverse()) await program.stop().catch(() => {});
    await until('the end of everything on the desktop', async () => {
      const left = await this.#everything();
      for (const { pid } of left) kill(pid);
      return left.length === 0;
    });
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function environment(folder, inspector) {
  const inside = (name) => path.join(folder, name);
  return {
    PATH: process.env.PATH,
    LANG: 'C.UTF-8',
    HOME: inside('home'),
    TMPDIR: inside('tmp'),
    XDG_RUNTIME_DIR: inside('run'),
    XDG_CONFIG_HOME: inside('home/config'),
    XDG_CACHE_HOME: inside('home/cache'),
    XDG_DATA_HOME: inside('home/data'),
    XDG_STATE_HOME: inside('home/state'),
    // No services but the ones of this desktop.
    NO_AT_BRIDGE: '1',
    GSETTINGS_BACKEND: 'memory',
    GIO_USE_VFS: 'local',
    GDK_BACKEND: 'x11',
    GTK_THEME: 'Adwaita',
    GDK_GL: 'disable',
    // Windows can be driven from outside, whoever starts their process.
    TAURI_WEBVIEW_AUTOMATION: 'true',
    WEBKIT_INSPECTOR_SERVER: inspector,
    PLIMSOLL_RECEIVER_HTTP: '127.0.0.1:0',
    PLIMSOLL_RECEIVER_GRPC: '127.0.0.1:0',
    PLIMSOLL_DASHBOARD_LISTEN: '127.0.0.1:0',
  };
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

/** A port of this machine that nobody uses. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
