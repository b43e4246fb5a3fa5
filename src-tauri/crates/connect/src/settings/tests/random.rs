//! The laws, over settings that nobody would think of.

use proptest::{collection::vec, prelude::*, sample::select};

use super::laws::hold;
use crate::settings::Destination;

/// What stands between two parts: blanks, line ends and comments.
fn gap(newline: &'static str) -> impl Strategy<Value = String> {
    let part = select(vec!["", " ", "\n", "\n\n  ", "\t", " /* c */ ", "// c\n", "\n    // ü\n  "]);
    vec(part, 0..3).prop_map(move |parts| parts.concat().replace('\n', newline))
}

fn scalar() -> impl Strategy<Value = String> {
    let text = "[a-zäß/*{}\\[\\],:' ]{0,8}".prop_map(|text| format!("\"{text}\""));
    let fixed = ["1", "-0.5e+3", "true", "null", "\"\\u00e9\\n\\\"\""].map(str::to_owned);
    prop_oneof![text, select(fixed.to_vec())]
}

/// An object of these keys, laid out in some way.
fn object(
    newline: &'static str,
    keys: Vec<String>,
    values: impl Strategy<Value = String>,
) -> impl Strategy<Value = String> {
    let count = keys.len();
    (vec((gap(newline), values, gap(newline)), count), gap(newline), any::<bool>()).prop_map(
        move |(parts, end, trailing)| {
            let pairs = keys
                .iter()
                .zip(parts)
                .map(|(key, (before, value, after))| format!("{before}\"{key}\":{after}{value}"));
            let comma = if trailing && count > 0 { "," } else { "" };
            format!("{{{}{comma}{end}}}", pairs.collect::<Vec<_>>().join(","))
        },
    )
}

fn anything(newline: &'static str) -> impl Strategy<Value = String> {
    scalar().prop_recursive(3, 12, 3, move |inner| {
        let list = (vec(inner.clone(), 0..3), gap(newline))
            .prop_map(|(items, gap)| format!("[{gap}{}{gap}]", items.join(", ")));
        prop_oneof![list, object(newline, vec!["x".into(), "y".into()], inner)]
    })
}

const ENV: [&str; 9] = [
    "A",
    "CLAUDE_CODE_ENABLE_TELEMETRY",
    "OTEL_METRICS_EXPORTER",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_METRIC_EXPORT_INTERVAL",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "B",
];
const ENV_VALUES: [&str; 9] = [
    "\"1\"",
    "1",
    "\"\"",
    "\"otlp,console\"",
    "\"none\"",
    "\"http://localhost:4318\"",
    "\"https://else.example/v1/logs\"",
    "\"x=1, y=2\"",
    "\"grpc\"",
];
const HOOKS: [&str; 5] = [
    "[]",
    "[ /* none */ ]",
    r#"[{"matcher": "m", "hooks": [{"type": "command", "command": "date"}]}]"#,
    r#"[{"hooks": [{"type": "http", "url": "http://127.0.0.1:1/hooks/claude-code"}]},]"#,
    r#"[{"hooks": [{"type": "command", "command": "plimsoll hook"}, {"type": "x"}]}, 7]"#,
];
const LINES: [&str; 4] = [
    r#"{"type": "command", "command": "date"}"#,
    r#"{"padding": 2, "command": "plimsoll statusline -- 'date'", "type": "command"}"#,
    r#"{"type": "command", "command": "/old/plimsoll statusline"}"#,
    "{}",
];

fn keys(of: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    proptest::sample::subsequence(of.to_vec(), 0..=of.len())
        .prop_shuffle()
        .prop_map(|keys| keys.into_iter().map(str::to_owned).collect())
}

/// A whole document.
fn document() -> impl Strategy<Value = String> {
    let newline = select(vec!["\n", "\r\n"]);
    newline.prop_flat_map(|newline| {
        let env = keys(&ENV).prop_flat_map(move |keys| {
            object(newline, keys, select(ENV_VALUES.to_vec()).prop_map(str::to_owned))
        });
        let events = keys(&["SessionStart", "SessionEnd", "Stop", "PostCompact"]);
        let hooks = events.prop_flat_map(move |keys| {
            object(newline, keys, select(HOOKS.to_vec()).prop_map(str::to_owned))
        });
        let line = select(LINES.to_vec()).prop_map(str::to_owned);
        let parts = (env, hooks, line, anything(newline), anything(newline));
        let top = keys(&["env", "hooks", "statusLine", "model", "other"]);
        (top, parts, vec(gap(newline), 8), any::<bool>(), any::<bool>())
            .prop_map(|(top, parts, gaps, bom, trailing)| whole(&top, &parts, &gaps, bom, trailing))
    })
}

type Parts = (String, String, String, String, String);

fn whole(top: &[String], parts: &Parts, gaps: &[String], bom: bool, trailing: bool) -> String {
    let pair = |(key, gap): (&String, &String)| {
        let value = match key.as_str() {
            "env" => &parts.0,
            "hooks" => &parts.1,
            "statusLine" => &parts.2,
            "model" => &parts.3,
            _ => &parts.4,
        };
        format!("{gap}\"{key}\": {value}")
    };
    let pairs = top.iter().zip(&gaps[3..]).map(pair).collect::<Vec<_>>().join(",");
    let comma = if trailing && !top.is_empty() { "," } else { "" };
    let bom = if bom { "\u{feff}" } else { "" };
    format!("{bom}{}{{{pairs}{comma}{}}}{}", gaps[0], gaps[1], gaps[2])
}

proptest! {
    /// Scenario: settings with any values, comments, layout and keys of ours, to be kept or moved.
    /// Guarantees: the three laws.
    #[test]
    fn the_laws_hold_for_anything(text in document(), moved in any::<bool>()) {
        hold(&text, if moved { Destination::Move } else { Destination::Keep });
    }
}
