//! Settings as people have them.

/// Settings that can be edited, with their names.
pub(super) const VALID: [(&str, &str); 19] = [
    ("empty", ""),
    ("blank", " \r\n\t\n"),
    ("braces", "{}"),
    ("only a comment", "// mine\n"),
    ("one line", r#"{"model":"opus","env":{"A":"1"},"hooks":{"Stop":[]}}"#),
    ("no line end", "{\n  \"model\": \"opus\"\n}"),
    ("tabs", "{\n\t\"env\": {\n\t\t\"A\": \"1\"\n\t}\n}\n"),
    ("four spaces", "{\n    \"env\": {\n        \"A\": \"1\"\n    },\n    \"b\": [1, 2]\n}\n"),
    ("CRLF", "{\r\n  \"env\": {\r\n    \"A\": \"1\"\r\n  },\r\n  \"b\": null\r\n}\r\n"),
    ("BOM", "\u{feff}{\n  \"env\": {}\n}\n"),
    ("comments and commas", COMMENTS),
    ("hooks and a status line", HOOKS),
    ("elsewhere", ELSEWHERE),
    ("elsewhere by signal", SIGNALS),
    ("by hand", BY_HAND),
    (
        "switched off",
        "{\"env\": {\"CLAUDE_CODE_ENABLE_TELEMETRY\": \"0\", \"OTEL_LOGS_EXPORTER\": \"none\"}}\n",
    ),
    ("console", "{\n  \"env\": {\n    \"OTEL_METRICS_EXPORTER\": \"console\"\n  }\n}\n"),
    ("unicode", "{\n  \"größe\": \"\\u00fc 🦀 \\\"\",\n  \"env\": { \"ключ\": \"значение\" }\n}\n"),
    ("stale", STALE),
];

pub(super) const COMMENTS: &str = r#"// Settings of Ada.
{
  /* which model */
  "model": "opus", // for now
  "env": {
    // proxies
    "A": "1", // one
    "B": "2",
  },
  "permissions": { "allow": ["Bash(ls:*)",], },
  // the end
}
// really
"#;

pub(super) const HOOKS: &str = r#"{
  "hooks": {
    "SessionEnd": [
      { "matcher": "clear", "hooks": [{ "type": "command", "command": "echo bye" }] }
    ],
    "Stop": [{ "hooks": [{ "type": "http", "url": "http://127.0.0.1:9000/stop" }] }]
  },
  "statusLine": { "type": "command", "command": "~/line.sh 'a b' # mine", "padding": 0 }
}
"#;

pub(super) const ELSEWHERE: &str = r#"{
  "env": {
    "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
    "OTEL_METRICS_EXPORTER": "prometheus,otlp",
    "OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Bearer hush",
    "OTEL_EXPORTER_OTLP_METRICS_HEADERS": "x-key=hush",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.example:4317",
    "OTEL_METRIC_EXPORT_INTERVAL": 30000
  },
  "otelHeadersHelper": "/opt/headers.sh"
}
"#;

pub(super) const SIGNALS: &str = r#"{
  "env": {
    "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318",
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "https://logs.example/v1/logs"
  }
}
"#;

/// As the README showed it.
pub(super) const BY_HAND: &str = r#"{
  "env": {
    "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
    "OTEL_METRICS_EXPORTER": "otlp",
    "OTEL_LOGS_EXPORTER": "otlp",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318",
    "OTEL_METRIC_EXPORT_INTERVAL": "1000",
    "OTEL_LOGS_EXPORT_INTERVAL": "500",
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "cumulative"
  },
  "statusLine": { "type": "command", "command": "plimsoll statusline -- 'your own command'" },
  "hooks": {
    "SessionStart": [{ "hooks": [{ "type": "command", "command": "plimsoll hook", "timeout": 1 }] }],
    "SessionEnd": [{ "hooks": [{ "type": "http", "url": "http://localhost:3030/hooks/claude-code", "timeout": 1 }] }]
  }
}
"#;

/// Of a Plimsoll that stood elsewhere.
pub(super) const STALE: &str = r#"{
  "statusLine": {
    "type": "command",
    "command": "if [ -x /old/plimsoll ]; then exec /old/plimsoll statusline -- 'date'; else eval 'date'; fi"
  },
  "hooks": {
    "SessionEnd": [
      { "hooks": [
        { "type": "command", "command": "mine" },
        { "type": "http", "url": "http://127.0.0.1:3999/hooks/claude-code", "timeout": 1 }
      ] }
    ]
  }
}
"#;
