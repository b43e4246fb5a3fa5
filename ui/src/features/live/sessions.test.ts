import { describe, expect, test } from 'vitest';
import {
  ago,
  checkpoint,
  context,
  forecast,
  learned,
  line,
  listeners,
  NOW,
  refusing,
  session,
  usage,
} from '../../testing/fixtures';
import {
  cost,
  folded,
  fullName,
  gaugeLabel,
  levelPlaces,
  lineKind,
  lineMeaning,
  lineWords,
  names,
  noGauge,
  presence,
  savedCheckpoint,
} from './sessions';
import { settingsBlock } from './settings';

describe('names', () => {
  const named = (...all: [id: string, project: string | null][]) => {
    const result = names(all.map(([sessionId, project]) => session({ sessionId, project })));
    return all.map(([id]) => fullName(result.get(id)));
  };

  test('a project, or a short id', () => {
    expect(named(['3f2a1b09-77aa', 'web'], ['81b2c3d4-1111', null])).toEqual(['web', '81b2c3d4']);
  });

  test('sessions of one project get as much of their id as tells them apart', () => {
    expect(named(['3f2a1b09', 'web'], ['81b2c3d4', 'web'], ['81b2ffff', 'api'])).toEqual([
      'web 3f2a',
      'web 81b2',
      'api',
    ]);
    expect(named(['3f2a1b09', 'web'], ['3f2affff', 'web'])).toEqual([
      'web 3f2a1b09',
      'web 3f2affff',
    ]);
  });
});

describe('the fold', () => {
  const idle = (sessionId: string, minutes: number) =>
    session({ sessionId, state: 'idle', lastActivityAt: ago(minutes * 60_000) });
  const ids = (parts: ReturnType<typeof folded>) => [
    parts.current.map((each) => each.sessionId),
    parts.earlier.map((each) => each.sessionId),
  ];

  test('holds what has been idle for an hour, each part in its order', () => {
    const all = [idle('a', 61), session({ sessionId: 'b' }), idle('c', 59), idle('d', 300)];
    expect(ids(folded(all, NOW))).toEqual([
      ['b', 'c'],
      ['a', 'd'],
    ]);
  });

  test('is not worth it for one', () => {
    expect(ids(folded([idle('a', 61), session({ sessionId: 'b' })], NOW))).toEqual([
      ['a', 'b'],
      [],
    ]);
  });
});

describe('words', () => {
  /// Scenario: a line by the formula, one that compactions taught, one that a passed line taught, one of the user's.
  /// Guarantees: the kind in a word, with the number of compactions where there were some.
  test('how a line is known', () => {
    const set = line(120_000, { kind: 'configured' });
    const passed = refusing();
    expect(
      [line(), learned(12), { ...passed, kind: 'learned' } as const, set].map(lineKind),
    ).toEqual(['assumed', 'learned from 12', 'learned', 'configured']);
    expect(lineWords(passed)).toBe('assumed · API refuses');
  });

  test('what the line means where the client never compacts', () => {
    expect(lineMeaning(line())).toMatch(/compacts the conversation/);
    expect(lineMeaning(refusing())).toMatch(/the API refuses/);
  });

  /// Scenario: a project whose checkpoint level lies, by turns, beyond its urgent one.
  /// Guarantees: the levels are told in the order in which they are reached.
  test('where the levels lie', () => {
    const levels = context(1000).levels.map((mark) =>
      mark.level === 'checkpoint' ? { ...mark, tokens: 160_000 } : mark,
    );
    expect(levelPlaces(levels)).toBe('notice at 100k, urgent at 154k, checkpoint at 160k');
  });

  /// Scenario: a session that works, one that the client left a minute ago.
  /// Guarantees: the state with its age; that it ended, since when it did.
  test('whether a session goes on', () => {
    expect(presence(session()).word).toBe('working');
    const gone = presence(session({ state: 'idle', endedAt: ago(60_000) }));
    expect([gone.word, NOW - gone.since]).toEqual(['ended', 60_000]);
  });

  /// Scenario: a checkpoint of this cycle, one of the cycle before, one of a session without a gauge.
  /// Guarantees: only the first counts as saved.
  test('whether the work is saved', () => {
    const saved = (at: string, over = {}) =>
      savedCheckpoint(session({ checkpoint: checkpoint({ at }), ...over }));
    expect(saved(ago(60_000))?.at).toBe(ago(60_000));
    expect(saved(ago(49 * 60_000))).toBeNull();
    expect(saved(ago(60_000), { context: null })).toBeNull();
  });

  test('why there is no gauge', () => {
    expect(noGauge({ events: false, metrics: true }).setting).toBe('OTEL_LOGS_EXPORTER=otlp');
    expect(noGauge({ events: true, metrics: true }).setting).toBeNull();
  });

  test('the gauge in words', () => {
    expect(gaugeLabel(context(151_203))).toBe(
      '151k of 167k tokens, 91\u00a0% of the way to the line, checkpoint',
    );
    expect(gaugeLabel(context(3000, { estimated: true }))).toMatch(/^about 3k of/);
    const more = { addedTokens: 1200, forecast: forecast(4, 11), line: refusing(167_000) };
    expect(gaugeLabel(context(151_203, more)).replaceAll('\u00a0', ' ')).toBe(
      '151k of 167k tokens, about 1.2k added since, 91 % of the way to where the API refuses, checkpoint, 4 turns, 11 min',
    );
  });

  test('cost never shows a zero for unknown', () => {
    expect(cost(usage({ costNanoUsd: null, unpricedRequests: 3 }))).toBe('no price');
    expect(cost(usage({ unpricedRequests: 3 }))).toBe('$2.40 + 3 without price');
    expect(cost(usage())).toBe('$2.40');
  });
});

describe('settings', () => {
  const env = (over = {}) =>
    JSON.parse(settingsBlock(listeners(over))).env as Record<string, string>;

  test('name the address that really listens', () => {
    const elsewhere = listeners().map((each) => ({ ...each, addresses: ['127.0.0.1:44318'] }));
    expect(JSON.parse(settingsBlock(elsewhere)).env).toEqual({
      CLAUDE_CODE_ENABLE_TELEMETRY: '1',
      OTEL_METRICS_EXPORTER: 'otlp',
      OTEL_LOGS_EXPORTER: 'otlp',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:44318',
      OTEL_METRIC_EXPORT_INTERVAL: '10000',
      OTEL_LOGS_EXPORT_INTERVAL: '500',
      OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'cumulative',
    });
  });

  test('choose gRPC where only that listens', () => {
    expect(env({ 'otlp-http': 'portTaken' })).toMatchObject({
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4317',
    });
    expect(env({ 'otlp-http': 'portTaken', 'otlp-grpc': 'portTaken' })).toMatchObject({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
    });
  });
});
