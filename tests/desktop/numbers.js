// The numbers that a person reads on a page, and the same from the API.

/** As the pages write tokens: `834`, `3.4k`, `151k`, `4.2M`. */
function tokens(count) {
  if (count < 1000) return String(count);
  const [unit, size, wholeFrom] = count < 999_500 ? ['k', 1e3, 10] : ['M', 1e6, 100];
  const scaled = count / size;
  return `${Number(scaled.toFixed(scaled < wholeFrom ? 1 : 0))}${unit}`;
}

function money(nanoUsd) {
  return nanoUsd > 0 && nanoUsd < 1e7 ? '<$0.01' : `$${(nanoUsd / 1e9).toFixed(2)}`;
}

/** What the pages should show of a snapshot. */
export function expected({ sessions, today: { usage } }) {
  return {
    sessions: sessions.map(({ sessionId, state, context }) => ({
      id: sessionId,
      fill: `${tokens(context.occupancyTokens)} of ${tokens(context.line.tokens)}`,
      percent: context.percentOfLine,
      state: state === 'compacted' ? 'just compacted' : state,
    })),
    tokens: `${tokens(usage.tokens.total)} tokens`,
    cost: money(usage.costNanoUsd),
  };
}

/** The same as it stands on the page; runs in it. */
export function shown() {
  const text = (element) => element?.innerText.replace(/\s+/g, ' ').trim() ?? null;
  const today = document.querySelector('[aria-labelledby=today]');
  return {
    sessions: [...document.querySelectorAll('[data-session]')].map((row) => ({
      id: row.dataset.session,
      fill: /\S+ of \S+/.exec(text(row.querySelector('.figures p')))?.[0] ?? null,
      percent: Number(row.querySelector('[data-percent]')?.dataset.percent),
      state: text(row.querySelector('.state'))?.split(' · ')[0] ?? null,
    })),
    tokens: text(today?.querySelector('.head span')),
    cost: text(today?.querySelector('strong')),
  };
}
