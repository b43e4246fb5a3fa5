//! The difference of two settings, without secrets.

use std::fmt::Write;

use jsonc_parser::{
    ast::{ObjectProp, ObjectPropName, Value},
    common::Ranged,
};
use similar::{ChangeTag, DiffOp, TextDiff};

use super::check::parse;

/// How many equal lines stand around a difference.
const CONTEXT: usize = 3;
const MASK: &str = "***";

/// The difference in unified form.
pub(super) fn unified(before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    let (old, new) = (masked(before), masked(after));
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    let mut out = String::new();
    for hunk in diff.grouped_ops(CONTEXT) {
        header(&mut out, &hunk);
        for change in hunk.iter().flat_map(|op| diff.iter_changes(op)) {
            let (sign, lines, at) = match change.tag() {
                ChangeTag::Delete => ('-', &old, change.old_index()),
                ChangeTag::Insert => ('+', &new, change.new_index()),
                ChangeTag::Equal => (' ', &new, change.new_index()),
            };
            let line = at.and_then(|at| lines.get(at)).copied().unwrap_or_default();
            // Writing into a string does not fail.
            let _written = writeln!(out, "{sign}{line}");
            if change.missing_newline() {
                out += "\\ No newline at end of file\n";
            }
        }
    }
    out
}

fn header(out: &mut String, hunk: &[DiffOp]) {
    let Some(first) = hunk.first() else { return };
    let span = |start: usize, lines: usize| match lines {
        0 => format!("{start},0"),
        1 => (start + 1).to_string(),
        lines => format!("{},{lines}", start + 1),
    };
    let old = span(first.old_range().start, hunk.iter().map(|op| op.old_range().len()).sum());
    let new = span(first.new_range().start, hunk.iter().map(|op| op.new_range().len()).sum());
    let _written = writeln!(out, "@@ -{old} +{new} @@");
}

/// A text in which secrets are masked, with the same lines. One that cannot be read is a secret as a whole.
fn masked(text: &str) -> String {
    let bare = text.trim_start_matches('\u{feff}');
    let shift = text.len() - bare.len();
    let mut secrets = Vec::new();
    match parse(bare) {
        Ok(Some(value)) => find(&value, false, &mut secrets),
        Ok(None) => {}
        Err(_) => return text.lines().map(|_| MASK.to_owned() + "\n").collect(),
    }
    let mut masked = text.to_owned();
    for (start, end) in secrets.into_iter().rev() {
        masked.replace_range(start + shift..end + shift, &format!("\"{MASK}\""));
    }
    masked
}

/// A value as it is written, under this key, without secrets.
pub(super) fn masked_value(key: &str, raw: &str) -> String {
    if is_secret_name(key) { MASK.to_owned() } else { masked(raw) }
}

/// The strings and numbers that are secret, in the order of their places.
fn find(value: &Value<'_>, within: bool, secrets: &mut Vec<(usize, usize)>) {
    match value {
        Value::Object(object) => {
            for property in &object.properties {
                let name = match &property.name {
                    ObjectPropName::String(name) => name.value.as_ref(),
                    ObjectPropName::Word(name) => name.value,
                };
                let hidden = within || is_secret_name(name);
                match &property.value {
                    Value::Object(env) if name == "env" && !hidden => {
                        env.properties.iter().for_each(|each| find_in_env(each, secrets));
                    }
                    value => find(value, hidden, secrets),
                }
            }
        }
        Value::Array(array) => array.elements.iter().for_each(|each| find(each, within, secrets)),
        Value::StringLit(string) if within || is_secret_value(&string.value) => {
            secrets.push((value.start(), value.end()));
        }
        Value::NumberLit(_) if within => secrets.push((value.start(), value.end())),
        _ => {}
    }
}

/// A variable may be anything: shown is only what telemetry is set up with.
fn find_in_env(property: &ObjectProp<'_>, secrets: &mut Vec<(usize, usize)>) {
    let name = match &property.name {
        ObjectPropName::String(name) => name.value.as_ref(),
        ObjectPropName::Word(name) => name.value,
    };
    let is_known = name.starts_with("OTEL_") || name == "CLAUDE_CODE_ENABLE_TELEMETRY";
    find(&property.value, !is_known || is_secret_name(name), secrets);
}

fn is_secret_name(name: &str) -> bool {
    const PARTS: [&str; 9] = [
        "TOKEN",
        "KEY",
        "SECRET",
        "HEADER",
        "PASSWORD",
        "PASSWD",
        "AUTHORIZATION",
        "CREDENTIAL",
        "COOKIE",
    ];
    let name = name.to_ascii_uppercase();
    PARTS.iter().any(|part| name.contains(part))
}

fn is_secret_value(value: &str) -> bool {
    let named = value.contains("Bearer") || value.contains("sk-ant") || value.contains("Basic ");
    let user = value.split("://").skip(1).any(|rest| {
        rest.split(['/', ' ', '"', '\'']).next().is_some_and(|authority| authority.contains('@'))
    });
    named || user
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: secrets stand beside a change, in the change, in a list under a telling name, in an address, and on one
    /// line with other values.
    /// Guarantees: the difference has three lines around it and its place, and none of the secrets.
    #[test]
    fn secrets_are_not_shown() {
        let before = concat!(
            "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3,\n  \"env\": {\n",
            "    \"MY_API_KEY\": \"hush1\", \"OTEL_X\": \"shown\",\n",
            "    \"PROXY\": \"http://ada:hush2@proxy\",\n",
            "    \"OTEL_EXPORTER_OTLP_HEADERS\": \"x=hush3\"\n  },\n",
            "  \"headers\": { \"x\": [\"hush4\"] },\n  \"d\": 4\n}\n"
        );
        let after = before.replace("x=hush3", "x=hush5");
        let shown = unified(before, &after);
        assert!(!shown.contains("hush"), "{shown}");
        let expected = concat!(
            "@@ -5,7 +5,7 @@\n   \"env\": {\n     \"MY_API_KEY\": \"***\", \"OTEL_X\": \"shown\",\n",
            "     \"PROXY\": \"***\",\n-    \"OTEL_EXPORTER_OTLP_HEADERS\": \"***\"\n",
            "+    \"OTEL_EXPORTER_OTLP_HEADERS\": \"***\"\n   },\n",
            "   \"headers\": { \"x\": [\"***\"] },\n   \"d\": 4\n"
        );
        assert_eq!(shown, expected);
    }

    /// Scenario: texts that do not end with a line end, and an empty one.
    /// Guarantees: the difference says so, as `diff -u` does.
    #[test]
    fn a_missing_line_end_is_said() {
        assert_eq!(unified("", "{\n}"), "@@ -0,0 +1,2 @@\n+{\n+}\n\\ No newline at end of file\n");
        assert_eq!(unified("{}", "{}"), "");
    }
}
