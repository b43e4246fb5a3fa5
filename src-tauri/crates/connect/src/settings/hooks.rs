//! The hooks that tell Plimsoll of sessions.

use jsonc_parser::cst::{CstInputValue, CstNode, CstObject};
use plimsoll_domain::policy::is_like;
use serde_json::Value;

use super::{
    address::same_place,
    document::Document,
    error::SettingsError,
    plimsoll::{HOOK_PATH, Plimsoll},
    shell,
};

/// The events that tell what nothing else tells at once. The others would make the client wait for what telemetry and
/// transcripts tell anyway.
const TELLING: [&str; 4] = [COMMANDS_ONLY, "SessionEnd", "PostCompact", "PostModelSwitch"];
/// The events at which the agent can be told that its context is nearly full: before a turn, after a tool, and at the
/// end of a turn. They are for those who want that: the client waits for each.
const LISTENING: [&str; 3] = ["UserPromptSubmit", "PostToolUse", "Stop"];
/// The event of which the client tells commands only.
const COMMANDS_ONLY: &str = "SessionStart";
/// How long the client waits at most, in seconds.
const PATIENCE: u32 = 1;

/// All events that a hook of ours can be of.
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    TELLING.into_iter().chain(LISTENING)
}

/// The events that hooks are wanted of.
pub(super) fn wanted(plimsoll: &Plimsoll) -> impl Iterator<Item = &'static str> {
    let listening = LISTENING.into_iter().filter(|_| plimsoll.in_session);
    TELLING.into_iter().chain(listening)
}

/// How many of our hooks there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hooks {
    /// None.
    Absent,
    /// Some, or ones that lead to another place.
    Partial,
    /// All that [`connect`](super::connect) would write.
    Complete,
}

/// A hook of an event.
pub(super) struct Found {
    pub(super) hook: CstObject,
    pub(super) value: Value,
    /// The matcher group, where it holds no other hook.
    group: Option<CstObject>,
}

impl Found {
    /// What goes with it: itself, or its group where that holds no other.
    pub(super) fn whole(self) -> CstNode {
        self.group.unwrap_or(self.hook).into()
    }
}

/// All hooks of an event.
pub(super) fn of(document: &Document, event: &str) -> Vec<Found> {
    let groups = document.list(&["hooks", event]).map(|groups| groups.elements());
    let mut all = Vec::new();
    for group in groups.iter().flatten().filter_map(CstNode::as_object) {
        let Some(list) = group.array_value("hooks") else { continue };
        let hooks = list.elements();
        let group = (hooks.len() == 1).then_some(group);
        for hook in hooks.iter().filter_map(CstNode::as_object) {
            if let Some(value) = hook.to_serde_value() {
                all.push(Found { hook, value, group: group.clone() });
            }
        }
    }
    all
}

/// What stands for our hook of an event: one that serves, else one that once did.
pub(super) fn ours(document: &Document, event: &str, plimsoll: &Plimsoll) -> Option<Found> {
    let mut found = of(document, event);
    found.retain(|hook| is_ours(&hook.value, plimsoll));
    found.sort_by_key(|hook| !serves(&hook.value, event, plimsoll));
    found.into_iter().next()
}

/// Our hook of an event.
pub(super) fn hook(event: &str, plimsoll: &Plimsoll) -> Result<CstInputValue, SettingsError> {
    let address = plimsoll.hook_address().filter(|_| event != COMMANDS_ONLY);
    let (kind, key, what) = match address {
        Some(address) => ("http", "url", address),
        None => ("command", "command", shell::hook(plimsoll.program()?)),
    };
    Ok(CstInputValue::Object(vec![
        ("type".to_owned(), kind.into()),
        (key.to_owned(), what.into()),
        ("timeout".to_owned(), PATIENCE.into()),
    ]))
}

/// A matcher group with this hook alone.
pub(super) fn group(hook: CstInputValue) -> CstInputValue {
    CstInputValue::Object(vec![("hooks".to_owned(), CstInputValue::Array(vec![hook]))])
}

/// Whether a hook is ours by its shape, wherever it leads.
fn is_ours(hook: &Value, plimsoll: &Plimsoll) -> bool {
    let text = |key: &str| hook.get(key).and_then(Value::as_str);
    match text("type") {
        Some("http") => text("url").is_some_and(|url| url.ends_with(HOOK_PATH)),
        Some("command") => text("command").is_some_and(|command| {
            shell::runs(command, &plimsoll.program.to_string_lossy(), "hook")
        }),
        _ => false,
    }
}

/// Whether a hook of ours leads to this Plimsoll.
pub(super) fn serves(hook: &Value, event: &str, plimsoll: &Plimsoll) -> bool {
    let text = |key: &str| hook.get(key).and_then(Value::as_str).unwrap_or_default();
    if text("type") == "command" {
        let command = text("command").trim();
        // As the README shows it, for a program on the client's path.
        let bare = command == "plimsoll hook";
        return bare || plimsoll.program().is_ok_and(|program| command == shell::hook(program));
    }
    let address = plimsoll.hook_address().filter(|_| event != COMMANDS_ONLY);
    address.is_some_and(|address| same_place(text("url"), &address))
}

/// How many of our hooks there are.
pub(super) fn read(document: &Document, plimsoll: &Plimsoll) -> Hooks {
    let found: Vec<Option<bool>> = wanted(plimsoll)
        .map(|event| {
            ours(document, event, plimsoll).map(|hook| serves(&hook.value, event, plimsoll))
        })
        .collect();
    match found.as_slice() {
        all if all.iter().all(|hook| *hook == Some(true)) => Hooks::Complete,
        all if all.iter().all(Option::is_none) => Hooks::Absent,
        _ => Hooks::Partial,
    }
}

/// Whether a list of addresses that hooks may post to leaves out ours. A star stands for anything.
pub(super) fn refuses(allowed: &Value, plimsoll: &Plimsoll) -> bool {
    let Some(address) = plimsoll.hook_address() else { return false };
    let Some(patterns) = allowed.as_array() else { return false };
    !patterns.iter().filter_map(Value::as_str).any(|pattern| is_like(&address, pattern))
}
