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
  let over = false;
  const search = async () => {
    while (!over) {
      const found = await look();
      if (found) return found;
      await pause(POLL);
    }
  };
  try {
    return await inTime(what, search(), within);
  } finally {
    over = true;
  }
}

/** What is promised, unless it takes too long. */
async function inTime(what, promise, within = PATIENCE) {
  let timer;
  const late = new Promise((_, reject) => {
    const complain = () => reject(new Error(`not within ${within} ms: ${what}`));
    timer = setTimeout(complain, within);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
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
  #life;

  constructor(name, child, life) {
    this.name = name;
    this.pid = child.pid;
    this.#child = child;
    this.#life = life;
  }

  /** Waits for its end: its exit code, or the signal that ended it. */
  end() {
    return inTime(`the end of ${this.name}`, this.#life.ended);
  }

  /** Waits until all that it, and whoever it started, will ever say was heard. */
  silence() {
    return inTime(`the silence of ${this.name}`, this.#life.heard);
  }

  /** Everything that it wrote to a descriptor so far. */
  said(descriptor = 1) {
    return this.#life.said[descriptor];
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

  /** Asks it to end, and makes it end if it does not; as `end`. */
  async stop() {
    if (this.runs) this.kill();
    const late = setTimeout(() => this.kill('SIGKILL'), PATIENCE / 2);
    try {
      return await this.end();
    } finally {
      clearTimeout(late);
    }
  }
}

/** Runs a program to its end; what it printed. */
export async function run(command, args, options) {
  const program = start(command, args, options);
  const code = await program.end().finally(() => program.kill('SIGKILL'));
  await program.silence();
  if (code === 0) return program.said();
  const complaint = program.said(2);
  throw Object.assign(new Error(`${command} ${args.join(' ')} (${code}): ${complaint}`), {
    complaint,
  });
}
