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

export function sessionHref(id: string): string {
  return `#/session/${encodeURIComponent(id)}`;
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
    location.hash = id === null ? '#/' : sessionHref(id);
  }
}

export const route = new Route();
