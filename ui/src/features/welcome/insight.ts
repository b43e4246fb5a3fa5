// What the books tell at first sight. Says honestly where they tell nothing.

import type { Backfill, UsageReport } from '../../lib/api/types';
import { money } from '../../lib/format/money';
import { exact, plural, tokens } from '../../lib/format/tokens';
import { projectName } from '../health/doctor';

/** The use of one span, by project and by model. */
export interface Span {
  projects: UsageReport;
  models: UsageReport;
}

/** The sentences to show: of the last 30 days, who used most, and of all time. */
export function insight(month: Span, whole: Span): string[] {
  if (isEmpty(whole)) return ['There is no history yet: it begins with your first request.'];
  const all = `In all: ${summary(whole.projects)}.`;
  if (isEmpty(month)) return ['In the last 30 days there was no request.', all];
  const sentences = [`In the last 30 days: ${summary(month.projects)}.`, most(month)];
  const same = whole.projects.total.tokens.total === month.projects.total.tokens.total;
  return [...sentences, same ? 'That is all that is known.' : all].filter(Boolean);
}

function isEmpty({ projects }: Span): boolean {
  return projects.total.requests === 0 && projects.total.tokens.total === 0;
}

/** `1,204 requests in 12 projects, 412M tokens, $183.20` */
function summary({ rows, total }: UsageReport): string {
  const projects = rows.filter(({ group }) => group !== null).length;
  const where = projects === 0 ? '' : ` in ${plural(projects, 'project')}`;
  const unpriced =
    total.unpricedRequests > 0 && total.costNanoUsd !== null
      ? ` (${exact(total.unpricedRequests)} without a price)`
      : '';
  return `${plural(total.requests, 'request')}${where}, ${tokens(total.tokens.total)} tokens, ${money(total.costNanoUsd)}${unpriced}`;
}

/** `Most of it in plimsoll, by claude-opus-4-6.` */
function most({ projects, models }: Span): string {
  const parts = [
    ...largest(projects, (path) => `in ${projectName(path)}`),
    ...largest(models, (model) => `by ${model}`),
  ];
  const words = parts.map(({ share, who }, at) =>
    at > 0 && share === parts[0]?.share ? who : `${share} ${who}`,
  );
  const said = words.join(', ');
  return said === '' ? '' : `${said.charAt(0).toUpperCase()}${said.slice(1)}.`;
}

/** Who used most; nothing where that has no name. */
function largest(
  { rows, total }: UsageReport,
  name: (group: string) => string,
): { share: string; who: string }[] {
  const [top, ...others] = [...rows].sort((a, b) => b.usage.tokens.total - a.usage.tokens.total);
  if (top === undefined || top.group === null || top.usage.tokens.total === 0) return [];
  const half = 2 * top.usage.tokens.total > total.tokens.total;
  const share = others.length === 0 ? 'all of it' : half ? 'most of it' : 'the largest part';
  return [{ share, who: name(top.group) }];
}

/** What the reading of history came to; empty while it goes on. */
export function readSentence(backfill: Backfill | null): string {
  if (backfill === null) return 'Plimsoll has read no transcripts so far.';
  if (backfill.endedAt === null) return '';
  if (backfill.files === 0) return 'Claude Code has left no transcripts on this machine.';
  return `History is read: ${plural(backfill.requests, 'request')} from ${plural(backfill.files, 'file')}.`;
}
