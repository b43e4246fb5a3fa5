// Where a session's numbers come from, where that is not telemetry alone.

import type { Source } from '../../lib/api/types';
import { clockTime } from '../../lib/format/time';

export interface SourceNote {
  /** What stands beside the numbers. */
  words: string;
  /** What it means, in full sentences. */
  meaning: string;
}

const ESTIMATED: Record<Source['kind'], string> = {
  exact: '',
  transcripts: 'estimated from transcripts',
  statusLine: 'estimated from the status line',
  sizes: 'rough estimate from sizes',
};

const INSTEAD: Record<Source['kind'], string> = {
  exact: '',
  transcripts: 'numbers from transcripts',
  statusLine: 'numbers from the status line',
  sizes: 'rough estimate from sizes',
};

const MEANING: Record<Source['kind'], string> = {
  exact: 'What was told before stands.',
  transcripts:
    "The client's transcripts tell of each request, but not of side requests and compactions.",
  statusLine: 'The status line shows the context of the last request, and no other use.',
  sizes:
    'Nobody tells tokens: the sizes of prompts, tool calls and answers are counted, a token for four bytes.',
};

/** `null` while telemetry tells the numbers, or may still tell them. `now` is server time in ms. */
export function sourceNote(source: Source, now: number): SourceNote | null {
  const { kind, reason, since } = source;
  if (reason === 'telemetrySilent') {
    const silent = `telemetry silent since ${clockTime(Date.parse(since ?? ''), now)}`;
    return {
      words: [silent, INSTEAD[kind]].filter(Boolean).join(' · '),
      meaning: `Telemetry of this session stopped while the session went on. ${MEANING[kind]}`,
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
