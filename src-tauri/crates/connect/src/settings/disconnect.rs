//! Takes out of settings what connects the client.

use serde_json::Value;

use super::{
    current::{StatusLine, status_line},
    document::{Document, write_raw},
    edit::{Change, Edit, Record},
    error::SettingsError,
    hooks,
    plimsoll::Plimsoll,
    telemetry::{self, Telemetry},
};

/// What takes out everything of ours, and brings back what was there before.
///
/// Settings that are as they were written become what they were, to the byte. In others only what is still ours is
/// taken out. Without a record what is ours is known by its shape: telemetry that is sent to the receiver, hooks and a
/// status line that lead to Plimsoll.
///
/// # Errors
///
/// Text that is no settings, or too long.
pub fn disconnect(
    text: &str,
    record: Option<&Record>,
    plimsoll: &Plimsoll,
) -> Result<Edit, SettingsError> {
    let edit = |after: String, changes: Vec<Change>, kept: Vec<String>| {
        let before = text.to_owned();
        Edit { before, after, changes, kept, record: None, remove: false }
    };
    let document = Document::parse(text)?;
    if let Some((record, after)) = record.and_then(|record| Some((record, record.undone(text)?))) {
        let changes = record.changes.iter().cloned().map(Change::reversed).collect();
        let remove = record.made && after.is_empty();
        return Ok(Edit { remove, ..edit(after, changes, vec![]) });
    }
    let (wanted, created) = match record {
        Some(record) => (record.changes.clone(), record.created.clone()),
        None => by_shape(&document, plimsoll),
    };
    let mut taking = Taking { document, changes: vec![], kept: vec![] };
    wanted.into_iter().rev().for_each(|change| taking.take_back(change));
    if taking.changes.is_empty() {
        return Ok(edit(text.to_owned(), vec![], taking.kept));
    }
    for path in created.iter().rev() {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        if taking.document.is_bare(&path) {
            taking.document.remove(&path);
        }
    }
    Ok(edit(taking.document.text(), taking.changes, taking.kept))
}

struct Taking {
    document: Document,
    changes: Vec<Change>,
    kept: Vec<String>,
}

impl Taking {
    fn take_back(&mut self, change: Change) {
        let taken = match change.event() {
            Some(event) => self.hook(event, &change),
            None if change.path == ["statusLine"] => self.status_line(&change),
            None => self.value(&change),
        };
        match taken {
            Taken::Back => self.changes.push(change.reversed()),
            Taken::Kept => self.kept.push(change.key()),
            Taken::Gone => {}
        }
    }

    fn value(&mut self, change: &Change) -> Taken {
        let keys = change.keys();
        let now = self.document.value(&keys);
        if now != change.to.as_deref().and_then(value) {
            return if now.is_some() { Taken::Kept } else { Taken::Gone };
        }
        match &change.from {
            // What was in an object that is gone has no place to return to.
            Some(_) if self.document.object(&keys[..keys.len() - 1]).is_none() => Taken::Gone,
            Some(from) => {
                self.document.put_raw(&keys, from);
                Taken::Back
            }
            None => {
                self.document.remove(&keys);
                Taken::Back
            }
        }
    }

    /// A status line of ours goes with what the user added to it: without a command that means nothing.
    fn status_line(&mut self, change: &Change) -> Taken {
        let written = change.to.as_deref().and_then(value);
        let command = written.and_then(|line| line.get("command").cloned());
        match self.document.value(&["statusLine", "command"]) {
            None => Taken::Gone,
            now if now != command => Taken::Kept,
            _ => {
                match &change.from {
                    Some(from) => self.document.put_raw(&["statusLine"], from),
                    None => self.document.remove(&["statusLine"]),
                }
                Taken::Back
            }
        }
    }

    fn hook(&mut self, event: &str, change: &Change) -> Taken {
        let written = change.to.as_deref().and_then(value);
        let mut all = hooks::of(&self.document, event).into_iter();
        if let Some(found) = all.find(|found| Some(&found.value) == written.as_ref()) {
            match &change.from {
                Some(from) => write_raw(&found.hook.into(), from),
                None => self.document.remove_node(found.whole()),
            }
            return Taken::Back;
        }
        // The same place, with something else changed.
        let leads = |hook: &Value| ["url", "command"].map(|key| hook.get(key).cloned());
        let written = written.as_ref().map(leads);
        let mut all = hooks::of(&self.document, event).into_iter();
        let changed = all.any(|found| Some(leads(&found.value)) == written);
        if changed { Taken::Kept } else { Taken::Gone }
    }
}

/// What became of something of ours.
enum Taken {
    /// What was there before is there again.
    Back,
    /// The user changed it, and it stays.
    Kept,
    /// It was not there any more.
    Gone,
}

fn value(raw: &str) -> Option<Value> {
    jsonc_parser::cst::CstRootNode::parse(raw, &super::check::STRICT).ok()?.to_serde_value()
}

/// What is ours by its shape, and what may be removed when it is empty then.
fn by_shape(document: &Document, plimsoll: &Plimsoll) -> (Vec<Change>, Vec<Vec<String>>) {
    let mut changes = Vec::new();
    let mut add = |path: &[&str], from: Option<String>| {
        let to = document.raw(path);
        changes.push(Change { path: path.iter().map(ToString::to_string).collect(), from, to });
    };
    let string = |text: String| (!text.is_empty()).then(|| Value::String(text).to_string());
    if matches!(telemetry::read(document, &plimsoll.receiver), Telemetry::Ours { .. }) {
        for (key, want) in telemetry::wanted(&plimsoll.receiver) {
            let now = telemetry::env(document, key);
            if let Some(rest) = now.and_then(|now| want.without(&now)) {
                add(&["env", key], string(rest));
            }
        }
    }
    if let StatusLine::Ours { own, .. } = status_line(document, plimsoll) {
        match own.and_then(string) {
            Some(own) => add(&["statusLine", "command"], Some(own)),
            None => add(&["statusLine"], None),
        }
    }
    let mut created = vec![vec!["env".to_owned()], vec!["hooks".to_owned()]];
    for event in hooks::all() {
        let path = vec!["hooks".to_owned(), event.to_owned()];
        if let Some(found) = hooks::ours(document, event, plimsoll) {
            let to = Some(found.hook.to_string());
            changes.push(Change { path: path.clone(), from: None, to });
            created.push(path);
        }
    }
    (changes, created)
}
