//! Signals that were not understood: counted and described by their names, attribute keys and types. Never by
//! their text.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use plimsoll_domain::health::{Counter, UnknownSignal};
use plimsoll_otlp::proto::common::v1::{KeyValue, any_value::Value};

use crate::{
    attributes::Attributes,
    signal::{Signal, SignalKind},
};

/// How many attributes of one signal are described.
const MOST_ATTRIBUTES: usize = 32;
/// The longest name of a signal, scope or attribute that is told, in bytes.
const LONGEST_NAME: usize = 100;
/// How many signals of one export are described apart.
const MOST_IN_EXPORT: usize = 64;
/// How many signals of known scopes, and how many of others, the registry tells apart.
const MOST_IN_REGISTRY: usize = 100;

/// The name of all signals of an export that are too many to be described.
const OTHERS: &str = "(others)";
const KNOWN_SCOPE: &str = "known-scope";
const OTHER_SCOPE: &str = "other-scope";

/// A signal that was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// What kind of signal it is.
    pub kind: SignalKind,
    /// Its scope and name, e.g. `com.anthropic.claude_code.events/new_event`.
    pub name: Arc<str>,
    /// The keys and types of its attributes, e.g. `duration_ms:int`; at most 32.
    pub attributes: Vec<String>,
    /// Whether its scope is one that a dialect knows.
    pub dialect: bool,
    /// Whether it is known by its name, but its values could not be used.
    pub refused: bool,
    /// How often it occurred.
    pub seen: u64,
}

impl Unknown {
    fn describe(signal: &Signal<'_>, refused: bool) -> Self {
        Self {
            kind: signal.kind,
            name: format!("{}/{}", tellable(signal.scope.name), tellable(signal.name)).into(),
            attributes: attribute_types(signal.attributes),
            dialect: signal.scope.known,
            refused,
            seen: 1,
        }
    }
}

/// A name that is fit to be told: bounded, and of characters that names are made of, so that no text, address
/// or terminal command passes for one.
pub(crate) fn tellable(name: &str) -> &str {
    if is_plain_name(name) { name } else { "(unnamed)" }
}

/// Whether a text is made like a name.
pub(crate) fn is_plain_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:/-[]".contains(&byte);
    !name.is_empty() && name.len() <= LONGEST_NAME && name.bytes().all(plain)
}

fn attribute_types(attributes: Attributes<'_>) -> Vec<String> {
    let described = |pair: &KeyValue| format!("{}:{}", tellable(&pair.key), value_type(pair));
    attributes.0.iter().take(MOST_ATTRIBUTES).map(described).collect()
}

fn value_type(pair: &KeyValue) -> &'static str {
    match pair.value.as_ref().and_then(|value| value.value.as_ref()) {
        None => "empty",
        Some(Value::StringValue(_) | Value::StringValueStrindex(_)) => "string",
        Some(Value::BoolValue(_)) => "bool",
        Some(Value::IntValue(_)) => "int",
        Some(Value::DoubleValue(_)) => "double",
        Some(Value::ArrayValue(_)) => "array",
        Some(Value::KvlistValue(_)) => "kvlist",
        Some(Value::BytesValue(_)) => "bytes",
    }
}

/// The signals of one export that were not understood.
#[derive(Debug, Default)]
pub(crate) struct Tally<'a> {
    entries: Vec<(Identity<'a>, Unknown)>,
}

/// Kind, scope, name, whether refused.
type Identity<'a> = (SignalKind, &'a str, &'a str, bool);

impl<'a> Tally<'a> {
    pub(crate) fn note(&mut self, signal: &Signal<'a>, refused: bool) {
        let identity = (signal.kind, signal.scope.name, signal.name, refused);
        if self.seen_again(identity) {
            return;
        }
        let mut unknown = Unknown::describe(signal, refused);
        if self.entries.len() < MOST_IN_EXPORT {
            self.entries.push((identity, unknown));
            return;
        }
        let scope = if signal.scope.known { KNOWN_SCOPE } else { OTHER_SCOPE };
        let others = (signal.kind, scope, OTHERS, refused);
        if !self.seen_again(others) {
            unknown.name = OTHERS.into();
            unknown.attributes.clear();
            self.entries.push((others, unknown));
        }
    }

    fn seen_again(&mut self, identity: Identity<'_>) -> bool {
        let entry = self.entries.iter_mut().find(|(known, _)| *known == identity);
        entry.is_some_and(|(_, unknown)| {
            unknown.seen += 1;
            true
        })
    }

    pub(crate) fn finish(self) -> Vec<Unknown> {
        self.entries.into_iter().map(|(_, unknown)| unknown).collect()
    }
}

/// What was not understood since the start, for people. Bounded: what is one too many is only counted.
#[derive(Debug, Default)]
pub struct UnknownSignals {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Signals that nobody knows.
    unknown: HashMap<(SignalKind, Arc<str>), Unknown>,
    /// Signals that are known and were refused; no more than there are known signals.
    refused: HashMap<(SignalKind, Arc<str>), u64>,
    unknown_in_known_scopes: u64,
    unknown_elsewhere: u64,
}

impl UnknownSignals {
    /// Adds what one export held.
    pub fn note(&self, signals: &[Unknown]) {
        if signals.is_empty() {
            return;
        }
        let mut state = self.state();
        signals.iter().for_each(|signal| state.note(signal));
    }

    /// The signals that nobody knows, those of known scopes first, the most frequent first.
    #[must_use]
    pub fn report(&self) -> Vec<UnknownSignal> {
        let mut unknown: Vec<Unknown> = self.state().unknown.values().cloned().collect();
        unknown.sort_by(|a, b| {
            (b.dialect, b.seen).cmp(&(a.dialect, a.seen)).then_with(|| a.name.cmp(&b.name))
        });
        let signal = |unknown: Unknown| UnknownSignal {
            kind: unknown.kind.name(),
            name: unknown.name,
            attributes: unknown.attributes,
            seen: unknown.seen,
        };
        unknown.into_iter().map(signal).collect()
    }

    /// How often a known signal came with values that could not be used. Above zero, the client may have changed
    /// what it sends.
    #[must_use]
    pub fn changed(&self) -> u64 {
        let state = self.state();
        state.refused.values().sum()
    }

    /// Running counts: `sources.unknown` by kind of scope, and `sources.refused` by signal.
    #[must_use]
    pub fn counters(&self) -> Vec<Counter> {
        let state = self.state();
        let unknown =
            [(KNOWN_SCOPE, state.unknown_in_known_scopes), (OTHER_SCOPE, state.unknown_elsewhere)];
        let unknown = unknown.map(|(label, value)| Counter {
            name: "sources.unknown",
            label: label.to_owned(),
            value,
        });
        let mut refused: Vec<Counter> = state
            .refused
            .iter()
            .map(|((kind, name), seen)| Counter {
                name: "sources.refused",
                label: format!("{}/{name}", kind.name()),
                value: *seen,
            })
            .collect();
        refused.sort_by(|a, b| a.label.cmp(&b.label));
        unknown.into_iter().chain(refused).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is whole between any two statements, so a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn note(&mut self, signal: &Unknown) {
        let key = (signal.kind, Arc::clone(&signal.name));
        if signal.refused {
            *self.refused.entry(key).or_default() += signal.seen;
            return;
        }
        if signal.dialect {
            self.unknown_in_known_scopes += signal.seen;
        } else {
            self.unknown_elsewhere += signal.seen;
        }
        if let Some(known) = self.unknown.get_mut(&key) {
            known.seen += signal.seen;
            return;
        }
        let alike = self.unknown.values().filter(|known| known.dialect == signal.dialect).count();
        if alike < MOST_IN_REGISTRY {
            self.unknown.insert(key, signal.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Reading,
        builders::{
            EVENTS, METRICS, api_request, event, int, logs, metrics, origin, sum, text, usage,
        },
        reading::{read_logs, read_metrics},
    };

    fn unknown_events(scope: &str, names: impl Iterator<Item = String>) -> Reading {
        let records = names.map(|name| event(&name, vec![int("n", 1)])).collect();
        read_logs(&logs(scope, records), origin())
    }

    /// Scenario: names, and texts that only stand where names do.
    /// Guarantees: nothing but plain names is told.
    #[test]
    fn only_plain_names_are_told() {
        for name in ["claude_code.token.usage", "my-app/v1", "a:b", "X"] {
            assert_eq!(tellable(name), name);
        }
        let long = "x".repeat(101);
        for text in ["", "joe@example.com", "SELECT 1", "caf\u{e9}", "a\nb", &long] {
            assert_eq!(tellable(text), "(unnamed)");
        }
    }

    /// Scenario: one signal with more attributes than are described, of every type.
    /// Guarantees: keys and types are told, bounded.
    #[test]
    fn attributes_are_described_and_bounded() {
        let many = (0..40).map(|n| text(&format!("key{n}"), "value")).collect();
        let reading = read_logs(&logs("my.app", vec![event("thing", many)]), origin());
        let attributes = &reading.unknown[0].attributes;
        assert_eq!(attributes.len(), MOST_ATTRIBUTES);
        assert_eq!(attributes[2], "key0:string");
    }

    /// Scenario: an export with very many names, twice each.
    /// Guarantees: the first are told apart, the rest is counted together.
    #[test]
    fn one_export_names_a_bounded_number() {
        let names = (0..1000).flat_map(|n| [format!("name{n}"), format!("name{n}")]);
        let reading = unknown_events("my.app", names);
        assert_eq!(reading.unknown.len(), MOST_IN_EXPORT + 1);
        assert_eq!(reading.unknown.iter().map(|unknown| unknown.seen).sum::<u64>(), 2000);
        let others = reading.unknown.last().expect("the others");
        assert_eq!((&*others.name, others.seen), (OTHERS, 2000 - 2 * MOST_IN_EXPORT as u64));
    }

    /// Scenario: floods of foreign names before and after one new name of a known scope.
    /// Guarantees: the registry stays bounded, counts everything, and has room for the known scope.
    #[test]
    fn the_registry_is_bounded_and_keeps_room_for_known_scopes() {
        let registry = UnknownSignals::default();
        for round in 0..20 {
            let names = (0..50).map(|n| format!("name{round}x{n}"));
            registry.note(&unknown_events("my.app", names).unknown);
        }
        let new = || ["new_event".to_owned()].into_iter();
        registry.note(&unknown_events(EVENTS, new()).unknown);
        registry.note(&unknown_events(EVENTS, new()).unknown);
        let report = registry.report();
        assert_eq!(report.len(), MOST_IN_REGISTRY + 1);
        assert_eq!((report[0].kind, report[0].seen), ("event", 2));
        assert_eq!(&*report[0].name, "com.anthropic.claude_code.events/new_event");
        let value = |label: &str| {
            registry.counters().into_iter().find(|counter| counter.label == label).map(|c| c.value)
        };
        assert_eq!((value(OTHER_SCOPE), value(KNOWN_SCOPE)), (Some(1000), Some(2)));
        assert_eq!(registry.changed(), 0);
    }

    /// Scenario: known signals that are refused.
    /// Guarantees: they are counted by name and count as a change, but are not listed as unknown.
    #[test]
    fn refused_signals_are_counted_by_name() {
        let registry = UnknownSignals::default();
        let bad = event("api_request", vec![]);
        let good = event("api_request", api_request());
        registry.note(&read_logs(&logs(EVENTS, vec![bad, good]), origin()).unknown);
        let points = vec![usage(-1.0, Some("input")), usage(-1.0, Some("output"))];
        let request = metrics(METRICS, vec![sum("claude_code.token.usage", points)]);
        registry.note(&read_metrics(&request, origin()).unknown);
        assert_eq!((registry.report(), registry.changed()), (vec![], 3));
        let refused: Vec<_> = registry
            .counters()
            .into_iter()
            .filter(|counter| counter.name == "sources.refused")
            .map(|counter| (counter.label, counter.value))
            .collect();
        let expected = [
            ("event/com.anthropic.claude_code.events/api_request".to_owned(), 1),
            ("metric/com.anthropic.claude_code/claude_code.token.usage".to_owned(), 2),
        ];
        assert_eq!(refused, expected);
    }
}
