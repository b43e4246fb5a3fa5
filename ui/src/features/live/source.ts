// Where a session's numbers come from, where that is not telemetry alone.

import type { Source } from '../../lib/api/types';
import { clockTime } from '../../lib/format/time';
import { NBSP } from '../../lib/format/tokens';

export interface SourceNote {
  /** What stands beside the numbers. */
  words: string;
  /** What it means, in full sentences. */
  meaning: string;
}

/** Its error is measured: see `watch::sizes`. */
const ROUGH = `estimate from sizes, about ±20${NBSP}%`;

const ESTIMATED: Record<Source['kind'], string> = {
  exact: '',
  transcripts: 'estimated from transcripts',
  statusLine: 'estimated from the status line',
  sizes: ROUGH,
};

const INSTEAD: Record<Source['kind'], string> = {
  exact: '',
  transcripts: 'numbers from transcripts',
  statusLine: 'numbers from the status line',
  sizes: ROUGH,
};

const MEANING: Record<Source['kind'], string> = {
  exact: 'What was told before stands.',
  transcripts:
    "The client's transcripts tell of each request of the conversation, but not of those beside it, as for titles and summaries.",
  statusLine:
    'The status line shows the context of the last request, and nothing of what was used before.',
  sizes:
    'Nobody tells tokens: they are estimated from the sizes of prompts, tool calls and answers. Tools and instructions that you added are not seen.',
};

const SILENT = {
  telemetrySilent: {
    what: 'telemetry',
    stopped: 'Telemetry of this session stopped while the session went on.',
  },
  eventsSilent: {
    what: 'events',
    stopped: 'Events of this session stopped; its metrics, which tell no context, go on.',
  },
};

/** `null` while telemetry tells the numbers, or may still tell them. `now` is server time in ms. */
export function sourceNote(source: Source, now: number): SourceNote | null {
  const { kind, reason, since } = source;
  if (reason === 'telemetrySilent' || reason === 'eventsSilent') {
    const { what, stopped } = SILENT[reason];
    const silent = `${what} silent since ${clockTime(Date.parse(since ?? ''), now)}`;
    return {
      words: [silent, INSTEAD[kind]].filter(Boolean).join(' · '),
      meaning: `${stopped} ${MEANING[kind]}`,
    };
  }
  if (reason === 'telemetryOff') {
    return {
      words: [ESTIMATED[kind], 'telemetry off or needs restart'].filter(Boolean).join(' · '),
      meaning: `No telemetry of this session ever came: it is off, or was switched on after the session began. ${MEANING[kind]}`,
    };
  }
  return kind === 'exact' ? null : { words: ESTIMATED[kind], meaning: MEANING[kind] };
}
