import { describe, expect, test } from 'vitest';
import { ago, context, listeners, NOW, session, usage } from '../../testing/fixtures';
import {
  cost,
  folded,
  fullName,
  gaugeLabel,
  lineMeaning,
  lineOrigin,
  names,
  noGauge,
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
  test('where the line is from', () => {
    const origin = (windowKind: 'named' | 'observed' | 'table' | 'guessed') =>
      lineOrigin(context(1000, { windowKind }));
    expect(origin('table')).toBe('assumed from the model');
    expect(origin('guessed')).toBe('assumed without knowing the model');
  });

  test('what the line means where the client never compacts', () => {
    expect(lineMeaning(context(1000))).toMatch(/compacts the conversation/);
    expect(lineMeaning(context(1000, { windowTokens: 167_000 }))).toMatch(/never seen to compact/);
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
