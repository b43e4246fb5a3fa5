//! Old traffic as a new session: other times, other identities, the same numbers.

use jiff::Timestamp as Written;
use plimsoll_domain::Timestamp;
use xxhash_rust::xxh3::xxh3_128_with_seed;

use crate::capture::{Capture, Entry};
use crate::edit::{self, Edit};
use crate::payload::{Payload, PayloadError};

/// Moves every time of a capture and replaces every identity in it. Sessions, prompts, requests,
/// agents, tool calls and traces get new ids, the same ones for the same seed; whatever is counted
/// stays as it is.
///
/// The time `t` becomes `to + (t - from) * stretch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// The captured time that becomes `to`.
    pub from: Timestamp,
    /// The time that it becomes.
    pub to: Timestamp,
    /// How many times slower the traffic becomes; 1 keeps its own speed.
    pub stretch: u32,
    /// Which set of new identities; a copy of the same capture needs another one. [`Self::SAME_IDS`] keeps those it has.
    pub seed: u64,
}

impl Shift {
    /// The seed that moves times only.
    pub const SAME_IDS: u64 = 0;

    /// The shifted time of `nanos` (nanoseconds since 1970). Zero, OTLP's "unknown", stays zero; a
    /// time that would leave the range ends at its nearer end.
    #[must_use]
    pub fn time(&self, nanos: u64) -> u64 {
        if nanos == 0 {
            return 0;
        }
        let distance = i128::from(nanos) - i128::from(self.from.nanos());
        let moved = i128::from(self.to.nanos()) + distance * i128::from(self.stretch);
        u64::try_from(moved.max(1)).unwrap_or(u64::MAX)
    }

    /// The new identity of what was called `old`: a UUID for a UUID, otherwise the word before the
    /// first underscore and 24 hexadecimal digits. Empty stays empty.
    #[must_use]
    pub fn id(&self, old: &str) -> String {
        if old.is_empty() || self.seed == Self::SAME_IDS {
            return old.to_owned();
        }
        let hash = xxh3_128_with_seed(old.as_bytes(), self.seed);
        let hex = format!("{hash:032x}");
        if is_uuid(old) {
            let [a, b, c, d, e] =
                [&hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32]];
            return format!("{a}-{b}-4{c}-8{d}-{e}");
        }
        let prefix = old.split_once('_').map_or(String::new(), |(word, _)| format!("{word}_"));
        format!("{prefix}{}", &hex[..24])
    }

    /// `entry` with new times and identities, written in the same form as before, and due at its
    /// stretched time.
    ///
    /// # Errors
    /// When the body cannot be decoded.
    pub fn entry(&self, entry: &Entry) -> Result<Entry, PayloadError> {
        let mut payload = Payload::decode(entry)?;
        payload.edit(&mut Shifting(self));
        Ok(Entry {
            body: payload.encode(entry),
            arrived: entry.arrived.saturating_mul(self.stretch),
            ..entry.clone()
        })
    }

    /// All of `capture`, shifted.
    ///
    /// # Errors
    /// When a body cannot be decoded.
    pub fn capture(&self, capture: &Capture) -> Result<Capture, PayloadError> {
        let entries =
            capture.entries.iter().map(|entry| self.entry(entry)).collect::<Result<_, _>>();
        Ok(Capture { name: capture.name.clone(), entries: entries? })
    }

    /// The shifted form of a time written as text; `None` when it is none.
    fn written(&self, text: &str) -> Option<String> {
        let nanos = u64::try_from(text.parse::<Written>().ok()?.as_nanosecond()).ok()?;
        let moved = Written::from_nanosecond(i128::from(self.time(nanos))).ok()?;
        Some(format!("{moved:.3}"))
    }
}

fn is_uuid(text: &str) -> bool {
    let hyphens = [8, 13, 18, 23];
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| {
            if hyphens.contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() }
        })
}

struct Shifting<'a>(&'a Shift);

impl Edit for Shifting<'_> {
    fn time(&mut self, nanos: &mut u64) {
        *nanos = self.0.time(*nanos);
    }

    fn text(&mut self, key: &str, value: &mut String) {
        if edit::is_identity(key) {
            *value = self.0.id(value);
        } else if key == edit::WRITTEN_TIME
            && let Some(moved) = self.0.written(value)
        {
            *value = moved;
        }
    }

    fn trace(&mut self, id: &mut Vec<u8>) {
        let fresh = xxh3_128_with_seed(id, self.0.seed).to_be_bytes();
        id.iter_mut().zip(fresh).for_each(|(old, new)| *old = new);
    }
}

#[cfg(test)]
mod tests;
