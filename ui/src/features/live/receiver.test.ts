import { describe, expect, test } from 'vitest';
import { ago, listeners, NOW, snapshot } from '../../testing/fixtures';
import { deaf, hearing, portsOf } from './receiver';

describe('hearing', () => {
  const heard = (over: Parameters<typeof snapshot>[0], connected = true) => {
    const { state, words } = hearing(snapshot(over), connected, NOW);
    return [state, words.replaceAll('\u00a0', ' ')];
  };

  test('tells the last signal, or that it listens', () => {
    expect(heard({})).toEqual(['well', 'last signal 2 s ago']);
    expect(heard({ lastArrivalAt: ago(200) })).toEqual(['well', 'last signal just now']);
    expect(heard({ lastArrivalAt: null })).toEqual(['well', 'listening']);
  });

  test('tells which ports are taken or fail', () => {
    const taken = listeners({ 'otlp-http': 'portTaken' });
    expect(heard({ listeners: taken })).toEqual(['wrong', 'port 4318 taken']);
    const failed = listeners({ 'otlp-http': 'portTaken', 'otlp-grpc': 'failed' });
    expect(heard({ listeners: failed })).toEqual(['wrong', 'not receiving on ports 4318 and 4317']);
  });

  test('claims nothing without a connection', () => {
    expect(heard({}, false)).toEqual(['unknown', 'not connected']);
  });
});

test('the address of the page itself is no receiver', () => {
  expect(deaf(listeners({ dashboard: 'failed' }))).toEqual([]);
});

test('a port of two addresses is named once', () => {
  expect(portsOf(listeners().slice(0, 1))).toBe('port 4318');
});
