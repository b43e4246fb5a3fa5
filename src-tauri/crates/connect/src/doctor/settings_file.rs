//! What a settings file of the client says that matters here.

use std::path::PathBuf;

use plimsoll_domain::Timestamp;
use serde_json::Value;

use super::{endpoint::Endpoint, variables::Variables};

/// A settings file: of a user, of a project, or managed by an administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsFile {
    /// Its path.
    pub path: PathBuf,
    /// Whether it could be read; what follows is empty where not.
    pub condition: Condition,
    /// When it was last written.
    pub modified: Option<Timestamp>,
    /// Whether other users of the machine can read it.
    pub is_open_to_others: bool,
    /// What its `env` says.
    pub variables: Variables,
    /// `disableAllHooks`: neither hooks nor the status line run.
    pub disables_hooks: bool,
    /// `allowManagedHooksOnly`: hooks of users do not run.
    pub allows_managed_hooks_only: bool,
    /// `allowedHttpHookUrls`: the only addresses that hooks may call, with `*` for anything.
    pub allowed_hook_urls: Option<Vec<String>>,
    /// The addresses of Plimsoll that its hooks call.
    pub hook_urls: Vec<String>,
    /// Whether hooks of it run Plimsoll as a command.
    pub has_hook_commands: bool,
    /// Whether Plimsoll is its status line, or runs it.
    pub has_status_line: bool,
}

/// Whether a settings file could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// There is none.
    Missing,
    /// It was read.
    Read,
    /// It may not be read, or reading failed.
    Unreadable,
    /// It is no JSON object; where it stops to be one, if that is known.
    Invalid {
        /// The line, from 1.
        line: Option<usize>,
    },
}

impl SettingsFile {
    /// A file of which nothing is known but its condition.
    #[must_use]
    pub fn empty(path: PathBuf, condition: Condition) -> Self {
        Self {
            path,
            condition,
            modified: None,
            is_open_to_others: false,
            variables: Variables::default(),
            disables_hooks: false,
            allows_managed_hooks_only: false,
            allowed_hook_urls: None,
            hook_urls: Vec::new(),
            has_hook_commands: false,
            has_status_line: false,
        }
    }

    /// What this text says to the client, which takes plain JSON only: see [`crate::strict`].
    #[must_use]
    pub fn parse(path: PathBuf, text: &str) -> Self {
        match crate::strict::read(text) {
            Ok(value @ Value::Object(_)) => Self::read(path, &value),
            Ok(_) => Self::empty(path, Condition::Invalid { line: None }),
            Err(line) => Self::empty(path, Condition::Invalid { line: Some(line) }),
        }
    }

    /// Whether hooks or the status line hand anything to Plimsoll.
    #[must_use]
    pub fn calls_us(&self) -> bool {
        self.has_status_line || self.has_hook_commands || !self.hook_urls.is_empty()
    }

    fn read(path: PathBuf, value: &Value) -> Self {
        let is_set = |key: &str| value[key] == Value::Bool(true);
        let hooks = hooks(value);
        let told = |key: &'static str| hooks.iter().filter_map(move |hook| hook[key].as_str());
        Self {
            variables: variables(value),
            disables_hooks: is_set("disableAllHooks"),
            allows_managed_hooks_only: is_set("allowManagedHooksOnly"),
            allowed_hook_urls: value["allowedHttpHookUrls"]
                .as_array()
                .map(|urls| urls.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
            hook_urls: told("url").filter(|url| is_ours(url)).map(str::to_owned).collect(),
            has_hook_commands: told("command").any(runs_us),
            has_status_line: value["statusLine"]["command"].as_str().is_some_and(runs_us),
            ..Self::empty(path, Condition::Read)
        }
    }
}

/// What `env` says. Numbers and truth values count as their text.
fn variables(value: &Value) -> Variables {
    let pairs = value["env"].as_object().into_iter().flatten();
    let texts: Vec<(&str, String)> = pairs
        .filter_map(|(name, value)| match value {
            Value::String(text) => Some((name.as_str(), text.clone())),
            Value::Number(_) | Value::Bool(_) => Some((name.as_str(), value.to_string())),
            _ => None,
        })
        .collect();
    Variables::keep(texts.iter().map(|(name, text)| (*name, text.as_str())))
}

/// All hooks, of all events and matchers.
fn hooks(value: &Value) -> Vec<&Value> {
    let events = value["hooks"].as_object().into_iter().flat_map(|events| events.values());
    let matchers = events.filter_map(Value::as_array).flatten();
    matchers.filter_map(|matcher| matcher["hooks"].as_array()).flatten().collect()
}

fn is_ours(url: &str) -> bool {
    Endpoint::parse(url)
        .is_some_and(|to| to.is_loopback() && to.path.starts_with("/hooks/claude-code"))
}

/// Whether a word of the command is the program `plimsoll`, wherever it lies.
fn runs_us(command: &str) -> bool {
    command.split([' ', '\t', '"', '\'', ';', '&', '|']).any(|word| {
        let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
        name == "plimsoll" || name == "plimsoll.exe"
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Condition, SettingsFile};

    fn parse(text: &str) -> SettingsFile {
        SettingsFile::parse(PathBuf::from("/settings.json"), text)
    }

    /// Scenario: settings with hooks of ours and of others, and a number as a variable.
    /// Guarantees: all that matters is read, and others' hooks are not taken for ours.
    #[test]
    fn settings_are_read() {
        let file = parse(
            r#"{
              "env": {"OTEL_METRIC_EXPORT_INTERVAL": 1000, "SECRET": "MARKER"},
              "disableAllHooks": true, "allowedHttpHookUrls": ["http://a/*"],
              "statusLine": {"type": "command", "command": "/opt/plimsoll statusline -- mine"},
              "hooks": {
                "Stop": [{"hooks": [{"type": "http", "url": "http://localhost:3030/hooks/claude-code"},
                                    {"type": "http", "url": "http://else.example/hooks/claude-code"}]}],
                "SessionStart": [{"hooks": [{"type": "command", "command": "'/a b/plimsoll' hook"}]}]
              }
            }"#,
        );
        assert_eq!(file.condition, Condition::Read);
        assert_eq!(file.variables.get("OTEL_METRIC_EXPORT_INTERVAL"), Some("1000"));
        assert!(file.disables_hooks && file.has_hook_commands && file.has_status_line);
        assert_eq!(file.hook_urls, ["http://localhost:3030/hooks/claude-code"]);
        assert_eq!(file.allowed_hook_urls.as_deref(), Some(&["http://a/*".to_owned()][..]));
        assert!(!format!("{file:?}").contains("MARKER"));
        let other = r#"{"statusLine": {"command": "my-plimsoll-like"}, "hooks": 3, "env": []}"#;
        assert!(!parse(other).calls_us());
    }

    /// Scenario: a file that breaks off, one with a comment, one that holds a list, and an empty one.
    /// Guarantees: what the client does not load is invalid, with the line where that is known, and never with its text.
    #[test]
    fn broken_settings_are_invalid() {
        assert_eq!(parse("{\n\"env\": {").condition, Condition::Invalid { line: Some(2) });
        assert_eq!(parse("{\n// c\n}").condition, Condition::Invalid { line: Some(2) });
        assert_eq!(parse("[]").condition, Condition::Invalid { line: None });
        assert_eq!(parse("").condition, Condition::Read);
    }
}
