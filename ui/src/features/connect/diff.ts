// A unified difference, line by line, and how much of it there is.

import { plural } from '../../lib/format/tokens';

export interface DiffLine {
  kind: 'added' | 'removed' | 'same' | 'place';
  text: string;
}

const KIND: Record<string, DiffLine['kind']> = {
  '+': 'added',
  '-': 'removed',
  '@': 'place',
  '\\': 'place',
};

/** The lines of a difference, each with its sign. */
export function diffLines(diff: string): DiffLine[] {
  const lines = diff.replace(/\n$/, '').split('\n');
  return diff === '' ? [] : lines.map((text) => ({ kind: KIND[text.charAt(0)] ?? 'same', text }));
}

/** `12 lines are added, 1 line is removed.` */
export function diffSize(diff: string): string {
  const lines = diffLines(diff);
  const count = (wanted: DiffLine['kind']) => lines.filter(({ kind }) => kind === wanted).length;
  const parts = (['added', 'removed'] as const).flatMap((kind) => {
    const lines = count(kind);
    return lines === 0 ? [] : [`${plural(lines, 'line is', 'lines are')} ${kind}`];
  });
  return parts.length === 0 ? 'Nothing changes.' : `${parts.join(', ')}.`;
}
