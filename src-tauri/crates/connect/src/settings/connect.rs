//! Adds to settings what connects the client.

use jsonc_parser::cst::CstInputValue;

use super::{
    current::{StatusLine, status_line},
    disconnect::disconnect,
    document::Document,
    edit::{Change, Digest, Edit, Record, splices},
    error::SettingsError,
    hooks,
    plimsoll::{Destination, Plimsoll, Wish},
    shell,
    telemetry::{self, SIGNAL_HEADERS, Telemetry},
};

/// What connects the client as wished. What is there already is left as it is; `previous` is the record of what was
/// connected before, and goes into the new one.
///
/// # Errors
///
/// Text that is no settings, or too long, or a program whose path cannot be written.
pub fn connect(text: &str, wish: &Wish, previous: Option<&Record>) -> Result<Edit, SettingsError> {
    let document = Document::parse(text)?;
    let mut editing =
        Editing { document, plimsoll: &wish.plimsoll, changes: vec![], created: vec![] };
    if wish.telemetry {
        editing.telemetry(wish.destination);
    }
    if wish.hooks {
        hooks::wanted(&wish.plimsoll).try_for_each(|event| editing.hook(event))?;
    }
    if wish.status_line {
        editing.status_line()?;
    }
    editing.finish(text, previous)
}

struct Editing<'w> {
    document: Document,
    plimsoll: &'w Plimsoll,
    changes: Vec<Change>,
    created: Vec<Vec<String>>,
}

impl Editing<'_> {
    fn telemetry(&mut self, destination: Destination) {
        let receiver = &self.plimsoll.receiver;
        let found = telemetry::read(&self.document, receiver);
        let elsewhere = matches!(found, Telemetry::Elsewhere { .. });
        if elsewhere && destination == Destination::Keep {
            return;
        }
        if elsewhere {
            // They were meant for the other destination, and for nobody else.
            for key in SIGNAL_HEADERS.into_iter().chain([telemetry::HEADERS]) {
                self.remove(&["env", key]);
            }
        }
        for (key, want) in telemetry::wanted(receiver) {
            let now = self.document.scalar(&["env", key]);
            if let Some(next) = want.next(now.as_deref()) {
                self.create("env", CstInputValue::Object(vec![]));
                self.put(&["env", key], next.into());
            }
        }
    }

    fn hook(&mut self, event: &str) -> Result<(), SettingsError> {
        let path = vec!["hooks".to_owned(), event.to_owned()];
        let hook = hooks::hook(event, self.plimsoll)?;
        let stale = hooks::ours(&self.document, event, self.plimsoll);
        let from = stale.as_ref().map(|stale| stale.hook.to_string());
        match stale {
            Some(found) if hooks::serves(&found.value, event, self.plimsoll) => return Ok(()),
            Some(found) => drop(found.hook.replace_with(hook)),
            None => {
                self.create("hooks", CstInputValue::Object(vec![]));
                let keys = ["hooks", event];
                if self.document.node(&keys).is_none() {
                    self.document.put(&keys, CstInputValue::Array(vec![]));
                    self.created.push(path.clone());
                }
                if let Some(groups) = self.document.list(&keys) {
                    groups.append(hooks::group(hook));
                }
            }
        }
        let written = hooks::ours(&self.document, event, self.plimsoll);
        let to = written.map(|written| written.hook.to_string());
        self.changes.push(Change { path, from, to });
        Ok(())
    }

    fn status_line(&mut self) -> Result<(), SettingsError> {
        let own = match status_line(&self.document, self.plimsoll) {
            StatusLine::Ours { complete: true, .. } => return Ok(()),
            StatusLine::Ours { own, .. } => own,
            StatusLine::Own(own) => Some(own),
            StatusLine::Absent => None,
        };
        let command = shell::status_line(self.plimsoll.program()?, own.as_deref());
        if self.document.node(&["statusLine", "command"]).is_some() {
            self.put(&["statusLine", "command"], command.into());
        } else {
            let line = [("type", "command".into()), ("command", command.into())];
            let line = line.map(|(key, value): (&str, CstInputValue)| (key.to_owned(), value));
            self.put(&["statusLine"], CstInputValue::Object(line.into()));
        }
        Ok(())
    }

    fn create(&mut self, key: &str, empty: CstInputValue) {
        if self.document.node(&[key]).is_none() {
            self.document.put(&[key], empty);
            self.created.push(vec![key.to_owned()]);
        }
    }

    fn put(&mut self, keys: &[&str], value: CstInputValue) {
        let from = self.document.raw(keys);
        self.document.put(keys, value);
        self.note(keys, from);
    }

    fn remove(&mut self, keys: &[&str]) {
        if let Some(from) = self.document.raw(keys) {
            self.document.remove(keys);
            self.note(keys, Some(from));
        }
    }

    /// Notes a change, once for each key.
    fn note(&mut self, keys: &[&str], from: Option<String>) {
        let to = self.document.raw(keys);
        match self.changes.iter_mut().find(|change| change.keys() == keys) {
            Some(change) => change.to = to,
            None => {
                let path = keys.iter().map(|key| (*key).to_owned()).collect();
                self.changes.push(Change { path, from, to });
            }
        }
    }

    fn finish(self, text: &str, previous: Option<&Record>) -> Result<Edit, SettingsError> {
        let (before, kept) = (text.to_owned(), vec![]);
        if self.changes.is_empty() {
            let (after, record) = (before.clone(), previous.cloned());
            return Ok(Edit { before, after, changes: vec![], kept, record, remove: false });
        }
        let after = self.document.text();
        let base = match previous {
            Some(record) => disconnect(text, Some(record), self.plimsoll)?.after,
            None => text.to_owned(),
        };
        let record = Record {
            before: Digest::of(&base),
            after: Digest::of(&after),
            undo: splices(&after, &base),
            changes: merged(previous, &self.changes),
            created: united(previous, self.created),
            made: previous.is_some_and(|record| record.made),
            backup: previous.and_then(|record| record.backup.clone()),
            written_ms: previous.and_then(|record| record.written_ms),
        };
        Ok(Edit { before, after, changes: self.changes, kept, record: Some(record), remove: false })
    }
}

/// The changes of both, each from what stood there before the first.
fn merged(previous: Option<&Record>, new: &[Change]) -> Vec<Change> {
    let mut merged = previous.map_or_else(Vec::new, |record| record.changes.clone());
    for change in new {
        match merged.iter_mut().find(|known| known.path == change.path) {
            Some(known) if known.to == change.from => known.to.clone_from(&change.to),
            Some(known) => known.clone_from(change),
            None => merged.push(change.clone()),
        }
    }
    merged
}

fn united(previous: Option<&Record>, new: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let mut united = previous.map_or_else(Vec::new, |record| record.created.clone());
    for path in new {
        if !united.contains(&path) {
            united.push(path);
        }
    }
    united
}
