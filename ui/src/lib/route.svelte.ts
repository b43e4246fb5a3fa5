// The chosen session is in the address, so that reload, back and a shared link keep it.

const SESSION = /^#\/session\/(.+)$/;

/** The session that a location's hash names. */
export function sessionOf(hash: string): string | null {
  const id = SESSION.exec(hash)?.[1];
  if (id === undefined) return null;
  try {
    return decodeURIComponent(id);
  } catch {
    return null;
  }
}

/** The dashboard without a chosen session. */
export const DASHBOARD = '/#/';

/** Leads to a session in the dashboard, from whatever page. */
export function sessionHref(id: string): string {
  return `${DASHBOARD}session/${encodeURIComponent(id)}`;
}

class Route {
  session: string | null = $state(sessionOf(location.hash));

  start(): () => void {
    const follow = (): void => {
      this.session = sessionOf(location.hash);
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
