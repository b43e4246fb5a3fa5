// The page and the chosen session are in the address, so that reload, back and a shared link keep them.

const SESSION = /^#\/session\/(.+)$/;
const AUDIT = /^#\/audit(?:\/(.+))?$/;
const OTHER = /^#\/(alerts|connect|health)$/;

export type Page = 'live' | 'alerts' | 'audit' | 'connect' | 'health';

/** The page that a location's hash names: the live one where it names none. */
export function pageOf(hash: string): Page {
  if (auditOf(hash) !== null) return 'audit';
  return (OTHER.exec(hash)?.[1] as Page | undefined) ?? 'live';
}

/** The session that a location's hash names. */
export function sessionOf(hash: string): string | null {
  return named(SESSION.exec(hash)?.[1]);
}

/** Whether a location's hash names the audit, and the session that it names there. */
export function auditOf(hash: string): { session: string | null } | null {
  const found = AUDIT.exec(hash);
  return found === null ? null : { session: named(found[1]) };
}

function named(id: string | undefined): string | null {
  if (id === undefined) return null;
  try {
    return decodeURIComponent(id);
  } catch {
    return null;
  }
}

/** The dashboard without a chosen session. */
export const DASHBOARD = '/#/';
/** Leads to the ledgers of alerts and compactions. */
export const ALERTS = `${DASHBOARD}alerts`;
/** Leads to where Claude Code is connected. */
export const CONNECT = `${DASHBOARD}connect`;
/** Leads to what is known of the running clients and of Plimsoll itself. */
export const HEALTH = `${DASHBOARD}health`;

/** Leads to a session in the dashboard, from whatever page. */
export function sessionHref(id: string): string {
  return `${DASHBOARD}session/${encodeURIComponent(id)}`;
}

/** Leads to the audit, of all sessions or of one. */
export function auditHref(id: string | null): string {
  return id === null ? `${DASHBOARD}audit` : `${DASHBOARD}audit/${encodeURIComponent(id)}`;
}

class Route {
  page: Page = $state(pageOf(location.hash));
  session: string | null = $state(sessionOf(location.hash));
  audit: { session: string | null } | null = $state.raw(auditOf(location.hash));

  start(): () => void {
    const follow = (): void => {
      this.page = pageOf(location.hash);
      this.session = sessionOf(location.hash);
      this.audit = auditOf(location.hash);
    };
    follow();
    window.addEventListener('hashchange', follow);
    return () => window.removeEventListener('hashchange', follow);
  }

  /** Shows a session, or none. */
  go(id: string | null): void {
    location.hash = new URL(id === null ? DASHBOARD : sessionHref(id), location.href).hash;
  }
}

export const route = new Route();
