//! The identity of a stream of points: a 64-bit hash of its attributes.
//!
//! The ledger keeps these hashes, so they must never change: neither with the order of the attributes, nor
//! between runs, machines or versions of Plimsoll.

use plimsoll_domain::Temporality;
use plimsoll_otlp::proto::common::v1::{AnyValue, KeyValue, any_value::Value};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// The attribute that is no part of any identity: it names a person, and is the same for all series of a client.
pub(crate) const PERSONAL: &str = "user.email";

/// The running hash of one series.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Series {
    base: u64,
    pairs: u64,
}

impl Series {
    /// A series of what `name` counts, without attributes yet.
    pub(crate) fn of(name: &str, temporality: Temporality) -> Self {
        let temporality = match temporality {
            Temporality::Delta => 1,
            Temporality::Cumulative => 2,
        };
        Self { base: xxh3_64_with_seed(name.as_bytes(), temporality), pairs: 0 }
    }

    /// Adds one attribute; the order of additions does not matter.
    pub(crate) fn add(&mut self, pair: &KeyValue) {
        if pair.key == PERSONAL {
            return;
        }
        let key = xxh3_64(pair.key.as_bytes());
        self.pairs = self.pairs.wrapping_add(hash_any(pair.value.as_ref(), key));
    }

    /// The hash.
    pub(crate) fn finish(self) -> i64 {
        xxh3_64_with_seed(&self.pairs.to_le_bytes(), self.base).cast_signed()
    }
}

fn hash_any(value: Option<&AnyValue>, seed: u64) -> u64 {
    match value.and_then(|value| value.value.as_ref()) {
        Some(value) => hash_value(value, seed),
        None => seed,
    }
}

/// Hashes a value; the multipliers keep equal bytes of different types apart.
fn hash_value(value: &Value, seed: u64) -> u64 {
    let typed = |kind: u64| seed ^ kind.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    match value {
        Value::StringValue(text) => xxh3_64_with_seed(text.as_bytes(), typed(1)),
        Value::BoolValue(flag) => xxh3_64_with_seed(&[u8::from(*flag)], typed(2)),
        Value::IntValue(number) => xxh3_64_with_seed(&number.to_le_bytes(), typed(3)),
        Value::DoubleValue(number) => xxh3_64_with_seed(&number.to_le_bytes(), typed(4)),
        Value::ArrayValue(array) => {
            array.values.iter().fold(typed(5), |hash, value| hash_any(Some(value), hash))
        }
        Value::KvlistValue(list) => list.values.iter().fold(typed(6), |sum, pair| {
            let key = xxh3_64_with_seed(pair.key.as_bytes(), seed);
            sum.wrapping_add(hash_any(pair.value.as_ref(), key))
        }),
        Value::BytesValue(bytes) => xxh3_64_with_seed(bytes, typed(7)),
        Value::StringValueStrindex(index) => xxh3_64_with_seed(&index.to_le_bytes(), typed(8)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builders::{attribute, boolean, int, text};

    fn series(pairs: &[KeyValue]) -> i64 {
        let mut series = Series::of("usage", Temporality::Delta);
        pairs.iter().for_each(|pair| series.add(pair));
        series.finish()
    }

    /// Scenario: a series as it was hashed by the first version.
    /// Guarantees: the hash never changes; a change here would count every stored point anew.
    #[test]
    fn the_hash_is_the_one_the_ledger_holds() {
        let pairs =
            [text("session.id", "a"), text("model", "claude-opus-5"), boolean("base", true)];
        assert_eq!(series(&pairs), 1_778_900_190_078_456_493);
    }

    /// Scenario: the same attributes in another order, and attributes that differ in little.
    /// Guarantees: order does not matter; key, value, type, temporality and name do.
    #[test]
    fn only_differences_make_another_series() {
        let (a, b) = (text("a", "1"), text("b", "2"));
        let plain = series(&[a.clone(), b.clone()]);
        assert_eq!(plain, series(&[b, a.clone()]));
        let others = [
            series(std::slice::from_ref(&a)),
            series(&[text("a", "2"), text("b", "1")]),
            series(&[int("a", 1), text("b", "2")]),
            series(&[a, attribute("b", None)]),
            Series::of("usage", Temporality::Cumulative).finish(),
            Series::of("usage", Temporality::Delta).finish(),
            Series::of("lines", Temporality::Delta).finish(),
        ];
        for (index, other) in others.iter().enumerate() {
            assert_ne!(*other, plain, "{index}");
            assert!(!others[..index].contains(other), "{index}");
        }
    }
}
