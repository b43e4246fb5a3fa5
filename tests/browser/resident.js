// Starts and stops the real program in a home of its own.

import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BINARY = path.resolve(ROOT, process.env.PLIMSOLL_BIN ?? 'target/debug/plimsoll');
const READY_WITHIN = 20_000;
const ENDED_WITHIN = 20_000;
const POLL = 20;

/** A private home: nothing of the machine's own settings or books is read or written. `welcomed`: not the first start. */
export async function privateHome({ welcomed = true } = {}) {
  const folder = await mkdtemp(path.join(tmpdir(), 'plimsoll-browser-'));
  await mkdir(path.join(folder, 'home'));
  const data = path.join(folder, 'data', 'plimsoll');
  await mkdir(data, { recursive: true, mode: 0o700 });
  if (welcomed) await writeFile(path.join(data, 'welcomed'), '');
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

function environment(folder) {
  return {
    PATH: process.env.PATH,
    HOME: path.join(folder, 'home'),
    XDG_RUNTIME_DIR: folder,
    XDG_CONFIG_HOME: path.join(folder, 'config'),
    XDG_DATA_HOME: path.join(folder, 'data'),
    XDG_STATE_HOME: path.join(folder, 'state'),
  };
}

function run(folder, args) {
  const child = spawn(BINARY, args, {
    cwd: ROOT,
    env: environment(folder),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = [];
  child.stdout.on('data', (text) => output.push(text));
  child.stderr.on('data', (text) => output.push(text));
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal, output: output.join('') }));
  });
  return { child, ended };
}

/** Starts `plimsoll serve`; `dashboard` is the address to serve the page on, by default a free port. */
export async function startResident(folder, dashboard = '127.0.0.1:0') {
  const runtimeFile = path.join(folder, 'plimsoll', 'runtime.json');
  await rm(runtimeFile, { force: true });
  const ledger = path.join(folder, 'ledger.db');
  const { child, ended } = run(folder, [
    'serve',
    ...['--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0'],
    ...['--dashboard', dashboard, '--ledger', ledger],
  ]);
  const runtime = await ready(runtimeFile, child, ended);
  return { ...runtime, stop: () => stop(child, ended) };
}

/** What runtime.json says, once it is there and whole. */
async function ready(file, child, ended) {
  let over = false;
  const early = ended.then(({ code, output }) => {
    throw new Error(`the resident ended early (${code}):\n${output}`);
  });
  const found = (async () => {
    const deadline = Date.now() + READY_WITHIN;
    while (!over && Date.now() < deadline) {
      const runtime = await readFile(file, 'utf8')
        .then(JSON.parse)
        .catch(() => null);
      if (runtime?.pid === child.pid) return runtime;
      await new Promise((resolve) => setTimeout(resolve, POLL));
    }
    throw new Error(`no ${file} within ${READY_WITHIN} ms`);
  })();
  try {
    return await Promise.race([found, early]);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    over = true;
    early.catch(() => {});
    found.catch(() => {});
  }
}

async function stop(child, ended) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), ENDED_WITHIN);
  const { code, signal, output } = await ended;
  clearTimeout(timer);
  if (code !== 0) throw new Error(`the resident did not drain (${code ?? signal}):\n${output}`);
}

/** Posts a capture to the receiver at its own pace. */
export async function replay(folder, capture, receiver) {
  const captures = path.join(ROOT, 'tests', 'fixtures', 'captures', capture);
  const { ended } = run(folder, ['replay', captures, '--to', receiver, '--speed', '1', '--to-now']);
  const { code, output } = await ended;
  if (code !== 0) throw new Error(`replay failed (${code}):\n${output}`);
}
