// What was found of the running clients, in words.

import type { StateLook } from '../../components/state';
import type { Finding, RunningClient, Task } from '../../lib/api/types';
import { age } from '../../lib/format/time';
import { plural } from '../../lib/format/tokens';

type State = RunningClient['state'];

export const LOOK: Record<State, StateLook> = {
  sending: { word: 'sends', shape: 'dot', tone: 'good' },
  starting: { word: 'starting', shape: 'ring', tone: 'quiet' },
  'needs-restart': { word: 'needs a restart', shape: 'triangle', tone: 'notice' },
  silent: { word: 'silent', shape: 'diamond', tone: 'checkpoint' },
  'sending-elsewhere': { word: 'sends elsewhere', shape: 'diamond', tone: 'checkpoint' },
  'telemetry-off': { word: 'telemetry off', shape: 'ring', tone: 'quiet' },
  locked: { word: 'locked', shape: 'square', tone: 'urgent' },
};

/** What one client does, and what several do, in the order of the sentence. */
const DOES: readonly [State, one: string, many: string][] = [
  ['sending', 'sends', 'send'],
  ['starting', 'is starting', 'are starting'],
  ['needs-restart', 'needs a restart', 'need a restart'],
  ['silent', 'is silent', 'are silent'],
  ['sending-elsewhere', 'sends elsewhere', 'send elsewhere'],
  ['telemetry-off', 'has telemetry off', 'have telemetry off'],
  ['locked', 'is locked by managed settings', 'are locked by managed settings'],
];

type Known = Pick<RunningClient, 'state'>;

/** `3 clients are running; 2 send, 1 needs a restart.` */
export function clientsSentence(clients: readonly Known[]): string {
  if (clients.length === 0) return 'No client is running.';
  const groups = DOES.flatMap(([state, one, many]) => {
    const count = clients.filter((client) => client.state === state).length;
    return count === 0 ? [] : [{ count, does: count === 1 ? one : many }];
  });
  const [only, ...others] = groups;
  if (only !== undefined && others.length === 0) {
    const who = only.count === 1 ? 'The running client' : `All ${only.count} running clients`;
    return `${who} ${only.does}.`;
  }
  const parts = groups.map(({ count, does }) => `${count} ${does}`);
  return `${clients.length} clients are running; ${parts.join(', ')}.`;
}

/** What the running clients need before anything arrives from them. */
export function awaitedSentence(clients: readonly Known[]): string {
  if (clients.length === 0) return 'No client is running: start Claude Code and send a prompt.';
  const are = plural(clients.length, 'client is', 'clients are');
  const them = clients.length === 1 ? 'it' : 'them';
  const all = (...states: State[]) => clients.every(({ state }) => states.includes(state));
  if (all('needs-restart')) return `${are} running; restart ${them} to be seen exactly.`;
  if (all('telemetry-off', 'needs-restart'))
    return `${are} running; connect Claude Code, then restart ${them} to be seen exactly.`;
  if (all('sending', 'starting')) return `${are} running and connected; send a prompt.`;
  return clientsSentence(clients);
}

/** The folder's own name. */
export function projectName(path: string | null): string {
  return path?.split(/[\\/]/).findLast((part) => part !== '') ?? 'folder not known';
}

/** `last export 4 s ago`. `now` is server time in ms. */
export function exported(
  { lastExportAt }: Pick<RunningClient, 'lastExportAt'>,
  now: number,
): string {
  if (lastExportAt === null) return 'no export yet';
  return `last export ${age(now - Date.parse(lastExportAt))}`;
}

/** Problems before advice, else in the order told. */
export function worstFirst(findings: readonly Finding[]): Finding[] {
  const of = (wanted: Finding['severity']) =>
    findings.filter(({ severity }) => severity === wanted);
  return [...of('problem'), ...of('advice')];
}

/** `All 12 background tasks are running; 2 restarts so far.` */
export function tasksSentence(tasks: readonly Task[]): string {
  const ended = tasks.filter(({ running }) => !running).length;
  const restarts = tasks.reduce((sum, task) => sum + task.restarts, 0);
  const head =
    ended === 0
      ? tasks.length === 1
        ? 'The background task is running'
        : `All ${plural(tasks.length, 'background task')} are running`
      : `${ended} of ${plural(tasks.length, 'background task')} ${ended === 1 ? 'is' : 'are'} not running`;
  return `${head}; ${restarts === 0 ? 'none was restarted' : `${plural(restarts, 'restart')} so far`}.`;
}
