//! One table of a file of prices.

use std::ops::Range;

use toml_edit::TableLike;

use super::PriceFault;

/// Decimals of an amount, as many as a dollar has nano-dollars.
const DECIMALS: usize = 9;

/// The largest amount believed, in nano-USD: ten thousand dollars.
const LARGEST: i64 = 10_000 * 1_000_000_000;

/// A table that knows its name and where it stands.
pub(super) struct Entry<'a> {
    text: &'a str,
    table: &'a dyn TableLike,
    /// The keys that lead to it, `None` for the file itself.
    name: Option<String>,
    line: usize,
}

impl<'a> Entry<'a> {
    /// The whole file.
    pub(super) fn root(text: &'a str, table: &'a dyn TableLike) -> Self {
        Self { text, table, name: None, line: 1 }
    }

    /// Its keys, in the order of the file.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'a str> {
        self.table.iter().map(|(key, _)| key)
    }

    /// Refuses keys that are not among the known ones.
    pub(super) fn only(&self, known: &[&'static str]) -> Result<(), PriceFault> {
        let Some(key) = self.keys().find(|key| !known.contains(key)) else { return Ok(()) };
        let nearest = known.iter().min_by_key(|known| strsim::levenshtein(key, known));
        let nearest = nearest.copied().unwrap_or_default();
        Err(PriceFault::UnknownKey { key: self.path(key), nearest, line: self.line_of(key) })
    }

    /// The table under a key; `None` where the key is missing.
    pub(super) fn entry(&self, key: &str) -> Result<Option<Self>, PriceFault> {
        let Some(item) = self.table.get(key) else { return Ok(None) };
        let table = item.as_table_like().ok_or_else(|| self.fault(key, "a table is needed"))?;
        let (name, line) = (Some(self.path(key)), self.line_of(key));
        Ok(Some(Self { text: self.text, table, name, line }))
    }

    /// A day, as `2026-11-28`; `None` where the key is missing.
    pub(super) fn date(&self, key: &str) -> Result<Option<String>, PriceFault> {
        let Some(item) = self.table.get(key) else { return Ok(None) };
        let date = item.as_datetime().filter(|at| at.time.is_none()).and_then(|at| at.date);
        let date = date.ok_or_else(|| self.fault(key, "a date like 2026-11-28 is needed"))?;
        Ok(Some(date.to_string()))
    }

    /// A count of tokens.
    pub(super) fn count(&self, key: &str) -> Result<u64, PriceFault> {
        let item = self.table.get(key).ok_or_else(|| self.missing(key))?;
        let count = item.as_integer().and_then(|count| u64::try_from(count).ok());
        count.ok_or_else(|| self.fault(key, "a whole number of tokens is needed"))
    }

    /// An amount of US dollars, in nano-USD; `None` where the key is missing.
    pub(super) fn amount(&self, key: &str) -> Result<Option<i64>, PriceFault> {
        let Some(item) = self.table.get(key) else { return Ok(None) };
        let is_number = item.is_integer() || item.is_float();
        let written = item.span().filter(|_| is_number).and_then(|at| self.text.get(at));
        let amount = written.ok_or("a number of US dollars is needed").and_then(nano);
        amount.map(Some).map_err(|reason| self.fault(key, reason))
    }

    /// That a key is missing here.
    pub(super) fn missing(&self, key: &str) -> PriceFault {
        PriceFault::Missing { key: self.path(key), line: self.line }
    }

    /// That the table itself cannot be used.
    pub(super) fn refused(&self, reason: &'static str) -> PriceFault {
        let key = self.name.clone().unwrap_or_default();
        PriceFault::Value { key, reason, line: self.line }
    }

    fn fault(&self, key: &str, reason: &'static str) -> PriceFault {
        PriceFault::Value { key: self.path(key), reason, line: self.line_of(key) }
    }

    fn path(&self, key: &str) -> String {
        self.name.as_ref().map_or_else(|| key.to_owned(), |name| format!("{name}.{key}"))
    }

    fn line_of(&self, key: &str) -> usize {
        line(self.text, self.table.get_key_value(key).and_then(|(key, _)| key.span()))
    }
}

/// The line in which something begins.
pub(super) fn line(text: &str, at: Option<Range<usize>>) -> usize {
    let before = text.get(..at.map_or(0, |at| at.start)).unwrap_or_default();
    before.bytes().filter(|byte| *byte == b'\n').count() + 1
}

/// An amount of dollars as it is written, in nano-USD. It is read from its digits, because a floating-point number
/// could not hold all of them.
fn nano(written: &str) -> Result<i64, &'static str> {
    let written = written.replace('_', "");
    if written.starts_with('-') {
        return Err("it is negative");
    }
    let (whole, decimals) = written.split_once('.').unwrap_or((&written, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) {
        return Err("only digits and a point are understood");
    }
    if decimals.len() > DECIMALS {
        return Err("it has more than nine decimals");
    }
    let nano = format!("{whole}{decimals:0<DECIMALS$}").parse().ok();
    nano.filter(|nano| *nano <= LARGEST).ok_or("more than $10,000 is not believed")
}
