//! Prices of models, as they stand in a TOML file: the built-in one, and the user's, which overrides it.
//!
//! ```toml
//! dated = 2026-11-28        # when the prices were true; may be missing
//!
//! [models.my-model]         # the name as telemetry and transcripts write it, without the date of its release
//! input = 2                 # US dollars per million tokens, with up to nine decimals
//! output = 10
//! cache_read = 0.2
//! cache_write_5m = 2.5      # kept for five minutes
//! cache_write_1h = 4        # kept for one hour
//! web_search = 0.01         # US dollars each; may be missing
//! # The five rates of the fast mode, and of inputs larger than a count of tokens; both may be missing.
//! fast = { input = 4, output = 20, cache_read = 0.4, cache_write_5m = 5, cache_write_1h = 8 }
//! long = { above = 200_000, input = 3, output = 15, cache_read = 0.3, cache_write_5m = 3.75, cache_write_1h = 6 }
//! ```
//!
//! Where each built-in figure is from is said beside it, in `prices.toml`.

mod entry;
#[cfg(test)]
mod tests;

use plimsoll_domain::{Model, Price, PriceTable, Rates};
use toml_edit::Document;

use entry::Entry;

/// The prices that Plimsoll brings.
const BUILT_IN: &str = include_str!("prices.toml");

/// The keys of the file.
const FILE: [&str; 2] = ["dated", "models"];

/// The keys of a model.
const MODEL: [&str; 8] = [
    "input",
    "output",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "web_search",
    "fast",
    "long",
];

/// The keys of the fast mode.
const FAST: [&str; 5] = ["input", "output", "cache_read", "cache_write_5m", "cache_write_1h"];

/// The keys of long inputs.
const LONG: [&str; 6] =
    ["above", "input", "output", "cache_read", "cache_write_5m", "cache_write_1h"];

/// Why a file of prices cannot be used. Lines count from 1; keys stand with those of the tables around them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PriceFault {
    /// It is not TOML.
    #[error("line {line}: this is not valid TOML: {reason}")]
    Syntax {
        /// What the parser says.
        reason: String,
        /// Where.
        line: usize,
    },
    /// It has a key that does not exist.
    #[error("line {line}: there is no key `{key}`; the nearest is `{nearest}`")]
    UnknownKey {
        /// The key as it stands.
        key: String,
        /// The known key that looks most like it.
        nearest: &'static str,
        /// Where.
        line: usize,
    },
    /// A key is missing that is needed.
    #[error("line {line}: `{key}` is missing")]
    Missing {
        /// The key.
        key: String,
        /// Where the table begins in which it is missing.
        line: usize,
    },
    /// A value cannot be used.
    #[error("line {line}: `{key}` cannot be used: {reason}")]
    Value {
        /// The key.
        key: String,
        /// Why.
        reason: &'static str,
        /// Where.
        line: usize,
    },
}

/// The prices that Plimsoll brings.
#[must_use]
pub fn built_in() -> PriceTable {
    let mut table = read(BUILT_IN, PriceTable::default()).expect("a test reads the same text");
    table.dated = table.own.take().unwrap_or_default();
    table
}

/// Reads a user's file. Each of its prices takes the whole place of the one that `over` has for the same name, or
/// is added to it.
///
/// # Errors
/// When the text is not TOML, has a key that does not exist, lacks one that is needed, or holds what cannot be a
/// price.
pub fn read(text: &str, mut over: PriceTable) -> Result<PriceTable, PriceFault> {
    let document = Document::parse(text).map_err(|error| PriceFault::Syntax {
        reason: error.message().to_owned(),
        line: entry::line(text, error.span()),
    })?;
    let file = Entry::root(text, document.as_table());
    file.only(&FILE)?;
    over.own = file.date("dated")?;
    if let Some(models) = file.entry("models")? {
        for name in models.keys() {
            let model = models.entry(name)?.ok_or_else(|| models.missing(name))?;
            over.set(name, price(name, &model)?);
        }
    }
    Ok(over)
}

fn price(name: &str, model: &Entry<'_>) -> Result<Price, PriceFault> {
    if name.is_empty() || Model::parse(name).0.as_str() != name {
        return Err(model.refused("a model's name is needed, without the suffix of its window"));
    }
    model.only(&MODEL)?;
    let (fast, long) = (model.entry("fast")?, model.entry("long")?);
    fast.iter().try_for_each(|fast| fast.only(&FAST))?;
    long.iter().try_for_each(|long| long.only(&LONG))?;
    Ok(Price {
        usual: rates(model)?,
        fast: fast.as_ref().map(rates).transpose()?,
        long: long.as_ref().map(|long| Ok((long.count("above")?, rates(long)?))).transpose()?,
        web_search: model.amount("web_search")?,
    })
}

fn rates(entry: &Entry<'_>) -> Result<Rates, PriceFault> {
    let rate = |key| entry.amount(key)?.ok_or_else(|| entry.missing(key));
    Ok(Rates {
        input: rate("input")?,
        output: rate("output")?,
        cache_read: rate("cache_read")?,
        cache_write_5m: rate("cache_write_5m")?,
        cache_write_1h: rate("cache_write_1h")?,
    })
}
