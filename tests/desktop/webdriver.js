// Drives the web views of the process that shows windows, by the W3C protocol of WebKitWebDriver.

import { freePort } from './desktop.js';
import { post, request } from './http.js';
import { until } from './programs.js';

/** Attaches to the process that shows windows on this desktop, once there is one. */
export async function attach(desktop) {
  const port = await freePort();
  const args = [`--port=${port}`, '--host=127.0.0.1', `--target=${desktop.inspector}`];
  const server = desktop.start('WebKitWebDriver', args);
  const address = `http://127.0.0.1:${port}`;
  await server.until('a driver', () => request(`${address}/status`).catch(() => null));
  const capabilities = { alwaysMatch: { browserName: 'wry' } };
  let refusal = null;
  const session = await until('a web view to drive', () =>
    command(`${address}/session`, { capabilities }).catch((error) => ((refusal = error), null)),
  ).catch((error) => {
    throw new Error(`${error.message}: ${refusal?.message}`);
  });
  return new Driver(`${address}/session/${session.sessionId}`);
}

/** Gets from the address, or posts to it where there is something to say. */
async function command(address, body) {
  const answer = await (body === undefined ? request(address) : post(address, body));
  const { value } = await answer.json();
  if (answer.ok) return value;
  const error = new Error(`${address}: ${value.error}: ${value.message}`);
  throw Object.assign(error, { code: value.error });
}

/** A session with the process. Commands go to the window that was chosen last. */
class Driver {
  #address;

  constructor(address) {
    this.#address = address;
  }

  #get(path) {
    return command(`${this.#address}/${path}`);
  }

  #post(path, body = {}) {
    return command(`${this.#address}/${path}`, body);
  }

  handles() {
    return this.#get('window/handles');
  }

  /** Chooses the window whose address `fits`, once there is one; its handle. */
  choose(what, fits) {
    return until(`a window: ${what}`, async () => {
      for (const handle of await this.handles()) {
        // A window may close while it is looked at.
        const chosen = await this.switchTo(handle).then(
          () => true,
          () => false,
        );
        if (chosen && fits(new URL(await this.#get('url').catch(() => 'about:blank'))))
          return handle;
      }
      return null;
    });
  }

  /** Chooses the window with this handle. */
  switchTo(handle) {
    return this.#post('window', { handle });
  }

  url() {
    return this.#get('url');
  }

  /** What the function returns when it runs in the page; its arguments and result travel as JSON. */
  execute(inPage, ...args) {
    return this.#post('execute/sync', { script: `return (${inPage})(...arguments)`, args });
  }

  /** The same, for a function that calls its last argument when it is done. */
  executeAsync(inPage, ...args) {
    return this.#post('execute/async', { script: `(${inPage})(...arguments)`, args });
  }

  /** What the function returns in the page, as soon as it returns something. */
  until(what, inPage, ...args) {
    return until(what, () => this.execute(inPage, ...args));
  }

  async #element(selector) {
    const found = await this.#post('element', { using: 'css selector', value: selector });
    return Object.values(found)[0];
  }

  /** Clicks an element, which may close the window. */
  async click(selector) {
    const element = await this.#element(selector);
    await this.#post(`element/${element}/click`).catch((error) => {
      if (error.code !== 'no such window') throw error;
    });
  }
}
