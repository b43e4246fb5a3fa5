// What connecting would change with the choices made, and the changing of it.

import { connect, disconnect, failure, fetchPlan, type ConnectChoices } from '../../lib/api/fetch';
import type { Connected, ConnectPlan, Installation } from '../../lib/api/types';
import { present, wasChosen } from './connect';

export class Planning {
  choices: ConnectChoices = $state.raw({ hooks: true, statusLine: true, replace: false });
  /** The last plan, with the choices that it is of. */
  shown: { plan: ConnectPlan; choices: ConnectChoices } | null = $state.raw(null);
  /** Why there is no plan. */
  unread = $state('');
  /** Why the last change did not happen. */
  refused = $state('');
  /** What the last change came to, where that needs a word. */
  told = $state('');
  /** From when on a request proves that telemetry comes here. */
  since: string | null = $state(null);
  #changing = $state(false);
  #current = $state(false);
  #attempt = $state(0);

  /** Whether what is shown may not be what would be done. */
  readonly busy = $derived(this.#changing || !this.#current);

  /** Asks for the plan of the present choices; for an effect, which it is anew with each of them. */
  load(): () => void {
    void this.#attempt;
    const choices = this.choices;
    const asking = new AbortController();
    this.unread = '';
    this.#current = false;
    fetchPlan(choices, asking.signal).then(
      (plan) => this.#show(plan, choices),
      (error: unknown) => {
        if (!asking.signal.aborted) this.unread = failure(error);
      },
    );
    return () => asking.abort();
  }

  #show(plan: ConnectPlan, choices: ConnectChoices): void {
    const isFirst = this.shown === null;
    this.shown = { plan, choices };
    this.#current = true;
    const has = present(plan);
    const lacks = has.hooks !== choices.hooks || has.statusLine !== choices.statusLine;
    // What was not wanted when it was connected is not proposed again.
    if (isFirst && wasChosen(plan) && lacks) this.choices = { ...choices, ...has };
  }

  reload(): void {
    this.#current = false;
    this.#attempt += 1;
  }

  /** `serverNow` in ms is where the proof begins, unless the answer knows better. */
  async connect(installation: Installation, serverNow: number): Promise<void> {
    const choices = this.shown?.choices;
    if (choices === undefined) return;
    const done = await this.#change(() => connect(installation, choices));
    if (done === null) return;
    if (installation.state === 'elsewhere' && !choices.replace) {
      this.told =
        'Changed. Telemetry stays where it is; the rest is told by sessions that start from now on.';
      return;
    }
    this.since = done.writtenAt ?? new Date(serverNow).toISOString();
  }

  async disconnect(installation: Installation): Promise<void> {
    const done = await this.#change(() => disconnect(installation));
    if (done === null) return;
    this.since = null;
    const kept =
      done.kept.length === 0
        ? ''
        : ` Somebody changed ${done.kept.join(', ')} since; that stayed as it is.`;
    this.told = `Disconnected. Running sessions go on sending until they are restarted.${kept}`;
  }

  async #change(ask: () => Promise<Connected>): Promise<Connected | null> {
    if (this.busy) return null;
    this.#changing = true;
    this.refused = '';
    this.told = '';
    try {
      return await ask();
    } catch (error: unknown) {
      this.refused = failure(error);
      return null;
    } finally {
      this.#changing = false;
      this.reload();
    }
  }
}
