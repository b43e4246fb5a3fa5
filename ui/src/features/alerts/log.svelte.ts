// What happened on the way to the line, of all sessions or of one, kept up with what happens.

import { live } from '../../lib/live.svelte';
import { isOpen as isOpenAlert } from './alerts';
import { isOpen as isOpenCompaction } from './compactions';
import { alertLedger, compactionLedger } from './ledgers';

export class Log {
  readonly alerts;
  readonly compactions;
  readonly #session: string | null;

  /** `session`: of which; `null`: of all. `limits`: entries per page. */
  constructor(session: string | null, limits: { alerts: number; compactions: number }) {
    this.#session = session;
    this.alerts = alertLedger(session, limits.alerts);
    this.compactions = compactionLedger(session, limits.compactions);
  }

  /** Reads now and whenever something happens; the returned function ends it. */
  start(): () => void {
    const ends = [
      this.alerts.start(),
      this.compactions.start(),
      live.onNews(({ data }) => {
        if (this.#session === null || this.#session === data.sessionId) void this.renew();
      }),
    ];
    return () => ends.forEach((end) => end());
  }

  async renew(): Promise<void> {
    await Promise.all([this.alerts.renew(), this.compactions.renew()]);
  }

  /** Whether something is still to come of which nothing tells. `now` is server time in ms. */
  isOpen(now: number): boolean {
    const alerts = this.alerts.page?.items ?? [];
    const compactions = this.compactions.page?.items ?? [];
    return (
      alerts.some((alert) => isOpenAlert(alert, now)) ||
      compactions.some((compaction) => isOpenCompaction(compaction, now))
    );
  }
}
