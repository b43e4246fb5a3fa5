// Programs that a test starts, and the wait for what they do.

import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';

/** How long anything may take on a busy machine before it counts as not happening, in ms. */
export const PATIENCE = 30_000;
const POLL = 20;

/** Everything that runs; nothing of it outlives this process, however that ends. */
const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

/** What `look` finds, as soon as it finds something. */
export async function until(what, look, within = PATIENCE) {
  const deadline = Date.now() + within;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`not within ${within} ms: ${what}`);
    await pause(POLL);
  }
}

/** Starts a program. What it prints is kept; `pipes` are further descriptors that are kept apart. */
export function start(command, args, { env, cwd, pipes = 0 } = {}) {
  const extra = Array.from({ length: pipes }, () => 'pipe');
  const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe', ...extra] });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const said = child.stdio.map(() => '');
  child.stdio.forEach((stream, index) => {
    stream?.setEncoding('utf8').on('data', (text) => (said[index] += text));
  });
  const heard = new Promise((resolve) => child.once('close', resolve));
  const ended = new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`cannot start ${command}: ${error.message}`)));
    child.once('exit', (code, signal) => resolve(code ?? signal));
  });
  // Whoever asks later learns of it; until then it is no error that nobody hears.
  ended.catch(() => {});
  return new Program(command, child, { ended, heard, said });
}

/** A started program. */
class Program {
  #child;
  #said;

  constructor(name, child, { ended, heard, said }) {
    this.name = name;
    this.pid = child.pid;
    /** Its exit code, or the signal that ended it. */
    this.ended = ended;
    /** Resolves when all that it, and whoever it started, will ever say was heard. */
    this.heard = heard;
    this.#child = child;
    this.#said = said;
  }

  /** Everything that it wrote to a descriptor so far. */
  said(descriptor = 1) {
    return this.#said[descriptor];
  }

  get runs() {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  kill(signal = 'SIGTERM') {
    this.#child.kill(signal);
  }

  /** What `look` finds while the program runs; its end is an error that tells what it said. */
  async until(what, look) {
    return until(`${what} (${this.name})`, () => {
      if (!this.runs) throw new Error(`${this.name} ended early:\n${this.said(1)}${this.said(2)}`);
      return look();
    });
  }

  /** Its exit code, with which it is asked to end by itself. */
  async stop(signal = 'SIGTERM') {
    if (this.runs) this.kill(signal);
    const late = setTimeout(() => this.kill('SIGKILL'), PATIENCE);
    const code = await this.ended;
    clearTimeout(late);
    return code;
  }
}

/** Runs a program to its end; what it printed. */
export async function run(command, args, options) {
  const program = start(command, args, options);
  const code = await program.ended;
  await program.heard;
  if (code === 0) return program.said();
  const complaint = program.said(2);
  throw Object.assign(new Error(`${command} ${args.join(' ')} (${code}): ${complaint}`), {
    complaint,
  });
}
