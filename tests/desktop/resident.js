// The resident on a desktop, and how to talk to it.

import { access, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { post, request } from './http.js';
import { run } from './programs.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CAPTURES = path.join(ROOT, 'tests', 'fixtures', 'captures');
const RESIDENT = path.resolve(ROOT, process.env.PLIMSOLL_BIN ?? 'target/debug/plimsoll');
const WINDOWS = path.join(path.dirname(RESIDENT), 'plimsoll-window');

/** The shapes of the application: windows in a process of their own, or all in one. */
export const SHAPES = ['separate', 'in-process'];

/** Starts the resident: the whole of it in the shape that the desktop asks for, or with `serve` the engine only. */
export async function startResident(desktop, args = []) {
  const file = path.join(desktop.env.XDG_RUNTIME_DIR, 'plimsoll', 'runtime.json');
  await rm(file, { force: true });
  await access(WINDOWS).catch(() => {
    throw new Error(`${WINDOWS} is not built: cargo build --features desktop`);
  });
  const program = desktop.start(RESIDENT, args, { cwd: ROOT });
  const runtime = await program.until('runtime.json', async () => {
    const found = await readFile(file, 'utf8')
      .then(JSON.parse)
      .catch(() => null);
    return found?.pid === program.pid && found;
  });
  return new Resident(desktop, program, runtime);
}

/** Starts the program with windows, as the resident does. */
export function startWindows(desktop, ...args) {
  return desktop.start(WINDOWS, args, { cwd: ROOT });
}

class Resident {
  constructor(desktop, program, runtime) {
    this.desktop = desktop;
    this.program = program;
    /** Where the page is. */
    this.page = runtime.dashboard;
    this.receiver = runtime.otlpHttp;
    this.key = runtime.key;
  }

  async snapshot() {
    const answer = await request(`${this.page}/api/v1/snapshot`);
    if (!answer.ok) throw new Error(`snapshot: ${answer.status}`);
    return answer.json();
  }

  /** Asks for a window; the status of the answer. */
  async ask(wish) {
    const key = { 'x-plimsoll-key': this.key };
    const answer = await post(`${this.page}/api/v1/windows`, wish, key);
    await answer.arrayBuffer();
    return answer.status;
  }

  /** Presses the tray icon. */
  press() {
    return this.ask({ window: 'popover', at: { x: 1264, y: 16 }, toggle: true });
  }

  /** Sends recorded telemetry. */
  replay(capture) {
    const from = path.join(CAPTURES, capture);
    const args = ['replay', from, '--to', this.receiver, '--at-once', '--to-now'];
    return run(RESIDENT, args, { env: this.desktop.env, cwd: ROOT });
  }

  /** Reports one more request of a session, which read this much from the cache. */
  async request(session, cacheRead) {
    const recorded = path.join(CAPTURES, 'simple-http-json', '0001_logs_http.json');
    const told = requestOf(JSON.parse(await readFile(recorded, 'utf8')), session, cacheRead);
    const answer = await post(`${this.receiver}/v1/logs`, told);
    if (!answer.ok) throw new Error(`the receiver answered ${answer.status}`);
    await answer.arrayBuffer();
  }
}

/** An export with the one request that it tells of, as one of this session and of this moment. */
function requestOf(told, session, cacheRead) {
  const now = Date.now();
  const changed = {
    'session.id': { stringValue: session },
    'event.timestamp': { stringValue: new Date(now).toISOString() },
    request_id: { stringValue: `req_desktop_${now}` },
    cache_read_tokens: { intValue: cacheRead },
  };
  const [scope] = told.resourceLogs[0].scopeLogs;
  scope.logRecords = scope.logRecords.filter(
    ({ body }) => body.stringValue === 'claude_code.api_request',
  );
  for (const record of scope.logRecords) {
    record.timeUnixNano = record.observedTimeUnixNano = `${now}000000`;
    for (const attribute of record.attributes) {
      attribute.value = changed[attribute.key] ?? attribute.value;
    }
  }
  return told;
}
