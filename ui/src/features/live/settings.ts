// What Claude Code needs in its settings to report to this Plimsoll.

import type { Listener } from '../../lib/api/types';

/** Used until the server has told where it listens. */
const DEFAULT_ADDRESS = '127.0.0.1:4318';

/** The whole text of a `~/.claude/settings.json` that holds nothing else. */
export function settingsBlock(listeners: readonly Listener[]): string {
  return JSON.stringify({ env: environment(listeners) }, null, 2);
}

function environment(listeners: readonly Listener[]): Record<string, string> {
  const { protocol, address } = receiver(listeners);
  return {
    CLAUDE_CODE_ENABLE_TELEMETRY: '1',
    OTEL_METRICS_EXPORTER: 'otlp',
    OTEL_LOGS_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://${address}`,
    OTEL_METRIC_EXPORT_INTERVAL: '10000',
    OTEL_LOGS_EXPORT_INTERVAL: '500',
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'cumulative',
  };
}

/** HTTP unless only gRPC is there. */
function receiver(listeners: readonly Listener[]): { protocol: string; address: string } {
  const named = (name: Listener['name']) => listeners.find((listener) => listener.name === name);
  const http = named('otlp-http');
  const grpc = named('otlp-grpc');
  if (http?.state !== 'listening' && grpc?.state === 'listening') {
    return { protocol: 'grpc', address: grpc.addresses[0] ?? '127.0.0.1:4317' };
  }
  return { protocol: 'http/protobuf', address: http?.addresses[0] ?? DEFAULT_ADDRESS };
}
