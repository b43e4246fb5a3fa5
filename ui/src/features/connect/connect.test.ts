import { describe, expect, test } from 'vitest';
import type { Installation } from '../../lib/api/types';
import { ago, NOW } from '../../testing/fixtures';
import { connectedOne, installation } from '../../testing/setup';
import {
  arrival,
  changed,
  places,
  planSentence,
  present,
  statusLineMeaning,
  wasChosen,
  whyNot,
} from './connect';

const plain = (text: string | null) => text?.replaceAll('\u00a0', ' ');
const other = (over: Partial<Installation> = {}) => installation({ settings: '/b', ...over });

describe('the state', () => {
  const corp = { state: 'elsewhere', destination: 'otel.corp:4318' } as const;
  /// Scenario: settings in every state, alone and beside others.
  /// Guarantees: one sentence says where telemetry goes, and counts where the settings differ.
  test.each<[string, Installation[]]>([
    ['No settings of Claude Code were found.', []],
    ['Claude Code sends its telemetry here.', [connectedOne()]],
    ['Claude Code sends its telemetry here.', [connectedOne(), connectedOne({ settings: '/b' })]],
    ['Claude Code sends a part of its telemetry here.', [installation({ state: 'partly' })]],
    ['Claude Code is not connected.', [installation()]],
    ['Telemetry goes to otel.corp:4318.', [installation(corp)]],
    ['Telemetry goes elsewhere.', [installation({ state: 'elsewhere' })]],
    [
      'Managed settings decide where telemetry goes; only your administrator can change that.',
      [installation({ state: 'locked', destination: 'otel.corp:4318' }), other()],
    ],
    [
      'Managed settings decide where telemetry goes; only your administrator can change that.',
      [installation({ state: 'locked' })],
    ],
    ['The settings of Claude Code cannot be changed.', [installation({ state: 'unusable' })]],
    ['1 of 2 settings files sends all telemetry here.', [connectedOne(), other()]],
    ['None of 2 settings files send all telemetry here.', [installation(corp), other()]],
  ])('%s', (sentence, installations) => expect(planSentence({ installations })).toBe(sentence));

  /// Scenario: two files that send to the same place, one to a second place, one that is locked.
  /// Guarantees: every place is named once; what is locked cannot be moved.
  test('names the places that can be moved', () => {
    const installations = [
      installation(corp),
      other(corp),
      other({ state: 'partly', destination: 'b:1' }),
      other({ state: 'locked', destination: 'c:1' }),
    ];
    expect(places({ installations })).toEqual(['otel.corp:4318', 'b:1']);
  });
});

/// Scenario: settings that have all, a part, and nothing.
/// Guarantees: present is only what each file has; a choice is known only from what Plimsoll has connected.
test('knows what is there already', () => {
  const both = { hooks: true, statusLine: true };
  const part = [connectedOne({ hooks: false }), connectedOne()];
  expect([
    present({ installations: [connectedOne()] }),
    present({ installations: part }),
    present({ installations: [] }),
  ]).toEqual([both, { ...both, hooks: false }, { hooks: false, statusLine: false }]);
  expect([
    wasChosen({ installations: part }),
    wasChosen({ installations: [connectedOne({ connectedAt: null })] }),
    wasChosen({ installations: [installation()] }),
    wasChosen({ installations: [] }),
  ]).toEqual([true, false, false, false]);
});

/// Scenario: nobody has a status line; somebody has one.
/// Guarantees: the consent says what will be seen.
test('says what becomes of the status line', () => {
  const theirs = [installation({ statusLine: 'theirs' }), other()];
  expect(statusLineMeaning({ installations: theirs })).toContain('keeps running unchanged');
  expect(statusLineMeaning({ installations: [other()] })).toContain('Plimsoll shows a short one');
});

/// Scenario: files that would change, that would not, and that cannot be changed.
/// Guarantees: the button is closed only with a reason.
test.each<[string | null, Partial<Installation>]>([
  [null, {}],
  ['Nothing would change: what you chose is there already.', { state: 'connected', diff: '' }],
  [
    'With these choices nothing would change: telemetry stays.',
    { state: 'elsewhere', destination: 'a:1', diff: '' },
  ],
  ['It is no JSON.', { state: 'unusable', trouble: 'It is no JSON.', diff: '' }],
  ['Plimsoll cannot change this file.', { state: 'locked' }],
])('%s', (reason, over) => expect(whyNot(installation(over))).toBe(reason));

/// Scenario: a file that was changed, made, disconnected again, and never touched.
/// Guarantees: the age and the copy are told.
test.each<[string | undefined, Partial<Installation>]>([
  ['connected 3 days ago, backup /home/dana/.claude/backups/settings.json', {}],
  ['connected 1 min ago, there was no file before', { connectedAt: ago(60_000), backup: null }],
  [
    'changed 1 min ago, backup /x',
    { state: 'not-connected', connectedAt: ago(60_000), backup: '/x' },
  ],
  [undefined, { connectedAt: null }],
])('%s', (words, over) => expect(plain(changed(connectedOne(over), NOW))).toBe(words));

/// Scenario: requests that arrive at once and late.
/// Guarantees: session, model and delay are told, short ones to a tenth.
test.each([
  [820, '0.8 s'],
  [9949, '9.9 s'],
  [12_400, '12 s'],
  [180_000, '3 min'],
])('after %d ms', (afterMs, words) => {
  const told = arrival({
    sessionId: '1f2e3d4c-77aa-4c1d-9e2f-0123456789ab',
    model: 'claude-sonnet-4-6',
    at: ago(0),
    afterMs,
  });
  expect(plain(told.before + told.session + told.after)).toBe(
    `First request received from session 1f2e3d4c… (claude-sonnet-4-6), ${words} after the response.`,
  );
});
