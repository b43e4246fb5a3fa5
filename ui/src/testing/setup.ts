// Builders of what setting up says: whole objects of which a test names only what matters to it.

import type {
  ConnectPlan,
  Doctor,
  Finding,
  Installation,
  RunningClient,
  Usage,
  UsageReport,
} from '../lib/api/types';
import { ago, NOW, usage } from './fixtures';

export const SETTINGS = '/home/dana/.claude/settings.json';

export function installation(over: Partial<Installation> = {}): Installation {
  return {
    settings: SETTINGS,
    state: 'not-connected',
    trouble: null,
    destination: null,
    hooks: false,
    statusLine: 'none',
    diff: '@@ -1,2 +1,3 @@\n {\n-  "a": 1\n+  "a": 1,\n+  "env": {}\n',
    undo: '',
    fingerprint: 'f1',
    connectedAt: null,
    backup: null,
    ...over,
  };
}

/** One that Plimsoll has connected three days ago. */
export function connectedOne(over: Partial<Installation> = {}): Installation {
  return installation({
    state: 'connected',
    hooks: true,
    statusLine: 'ours',
    diff: '',
    undo: '@@ -1,3 +1,2 @@\n {\n-  "env": {}\n',
    fingerprint: 'f2',
    connectedAt: ago(3 * 24 * 3_600_000),
    backup: '/home/dana/.claude/backups/settings.json',
    ...over,
  });
}

export function plan(...installations: Installation[]): ConnectPlan {
  return {
    endpoint: 'http://127.0.0.1:4318',
    installations,
    snippets: [
      { name: 'shell', title: 'Shell', text: 'export A=1\n' },
      { name: 'fish', title: 'fish', text: 'set -gx A 1\n' },
    ],
  };
}

export function finding(over: Partial<Finding> = {}): Finding {
  return {
    code: 'needs-restart',
    severity: 'problem',
    what: 'Claude Code began before it was connected.',
    remedy: 'Restart it with `claude --continue`.',
    fix: null,
    ...over,
  };
}

export function client(over: Partial<RunningClient> = {}): RunningClient {
  return {
    pid: 4711,
    state: 'sending',
    project: '/home/dana/work/api-server',
    sessions: [],
    startedAt: ago(2 * 3_600_000),
    lastExportAt: null,
    finding: null,
    ...over,
  };
}

export function doctor(clients: RunningClient[], findings: Finding[] = []): Doctor {
  return { examinedAt: ago(0), clients, findings };
}

/** A report of these groups, the total being their sum. */
export function report(
  by: 'project' | 'model',
  groups: [string | null, tokens: number, requests?: number][],
  over: Partial<Usage> = {},
): UsageReport {
  const use = (total: number, requests: number): Usage =>
    usage({ tokens: { ...usage().tokens, total }, requests });
  const sum = (pick: (group: [string | null, number, number?]) => number) =>
    groups.reduce((all, group) => all + pick(group), 0);
  return {
    from: ago(30 * 24 * 3_600_000),
    to: new Date(NOW).toISOString(),
    timeZone: 'Europe/Berlin',
    by,
    rows: groups.map(([group, total, requests = 0]) => ({
      group,
      start: null,
      usage: use(total, requests),
    })),
    total: {
      ...use(
        sum(([, total]) => total),
        sum(([, , requests = 0]) => requests),
      ),
      ...over,
    },
  };
}
