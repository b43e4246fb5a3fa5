import { describe, expect, test } from 'vitest';
import { ago, record } from '../../testing/fixtures';
import { asked, contextOf, merged, runs } from './requests';

const at = (id: string, seconds: number, over = {}) =>
  record({ id, timestamp: ago(seconds * 1000), ...over });

describe('merged', () => {
  /// Scenario: a late record, and an improved one beside an outdated copy of it.
  /// Guarantees: newest first by time of the request; of one request the latest revision holds.
  test('orders by time and keeps the latest revision', () => {
    const before = [at('b', 10, { revision: 5 }), at('a', 20, { revision: 4 })];
    const better = at('a', 20, { revision: 8, costNanoUsd: null });
    const result = merged(before, [
      better,
      at('c', 15, { revision: 7 }),
      at('b', 10, { revision: 2 }),
    ]);
    expect(result.map((each) => [each.id, each.revision])).toEqual([
      ['b', 5],
      ['c', 7],
      ['a', 8],
    ]);
  });
});

describe('asked', () => {
  test.each([
    [{}, 'main', ''],
    [{ querySource: 'subagent', agentName: 'Explore', agentId: 'a1' }, 'Explore', 'subagent'],
    [{ querySource: 'subagent', agentId: 'a41c0de9ff' }, 'a41c0de9', 'subagent'],
    [{ querySource: 'subagent' }, 'subagent', ''],
    [{ querySource: 'auxiliary', subsystem: 'compact' }, 'compact', 'auxiliary'],
    [{ querySource: 'auxiliary' }, 'auxiliary', ''],
    [{ unattributed: true }, 'known from metrics only', ''],
  ] as const)('%o is %s %s', (over, who, kind) => {
    expect(asked(record(over))).toEqual({ who, kind });
  });
});

test('only threads have a context', () => {
  expect(contextOf(record())).toBe(151_203);
  expect(contextOf(record({ querySource: 'subagent' }))).toBe(151_203);
  expect(contextOf(record({ querySource: 'auxiliary' }))).toBeNull();
  expect(contextOf(record({ unattributed: true }))).toBeNull();
});

/// Scenario: main requests with a subagent between them and a compaction after the third.
/// Guarantees: two runs, oldest first, of main requests only.
test('a new run begins where the context shrank', () => {
  const sizes = [100_000, 130_000, 160_000, 20_000, 30_000];
  const main = sizes.map((size, index) =>
    at(`m${index}`, 100 - index, {
      inputTokens: size,
      cacheReadTokens: 0,
      cacheCreationTokens: 0,
      outputTokens: 0,
    }),
  );
  const all = merged(main, [at('s', 98.5, { querySource: 'subagent' })]);
  expect(runs(all)).toEqual([
    [100_000, 130_000, 160_000],
    [20_000, 30_000],
  ]);
});
