//! What is true of a corpus, counted while it is written.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use plimsoll_domain::Tokens;
use serde_json::{Value, json};

/// What models cost, in nano-USD per token: input, output, cache read, cache write for five minutes and for an
/// hour. Anthropic's list prices; written down here again, so that the product's table is checked too.
const PRICES: [(&str, [i64; 5]); 3] = [
    ("claude-opus-4-5-20251101", [5_000, 25_000, 500, 6_250, 10_000]),
    ("claude-sonnet-4-5-20250929", [3_000, 15_000, 300, 3_750, 6_000]),
    ("claude-haiku-4-5-20251001", [1_000, 5_000, 100, 1_250, 2_000]),
];

/// The models, the most used first.
pub(super) const MODELS: [&str; 3] = [PRICES[0].0, PRICES[1].0, PRICES[2].0];

/// What was used, each answer counted once, with what its last line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sums {
    pub(crate) tokens: Tokens,
    /// Cache writes for an hour; they are among the others, and cost more.
    pub(crate) hour: u64,
    pub(crate) requests: u64,
    /// In nano-USD.
    pub(crate) cost: i64,
}

/// The whole truth.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Truth {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    pub(crate) lines: u64,
    /// Lines that tell of use.
    pub(crate) usage_lines: u64,
    pub(crate) models: BTreeMap<String, Sums>,
}

impl Sums {
    pub(crate) fn add(&mut self, other: &Self) {
        self.tokens = self.tokens.plus(other.tokens);
        self.hour += other.hour;
        self.requests += other.requests;
        self.cost += other.cost;
    }

    /// What the tokens cost; `None` for a model without a price, or counts beyond all reason.
    fn cost(&self, model: &str) -> Option<i64> {
        let (_, prices) = PRICES.iter().find(|(name, _)| *name == model)?;
        let Tokens { input, output, cache_read, cache_creation } = self.tokens;
        let short = cache_creation.checked_sub(self.hour)?;
        let counts = [input, output, cache_read, short, self.hour];
        counts.into_iter().zip(prices).try_fold(0_i64, |sum, (count, price)| {
            sum.checked_add(i64::try_from(count).ok()?.checked_mul(*price)?)
        })
    }
}

impl Truth {
    /// Counts an answer.
    pub(super) fn count(&mut self, model: &str, tokens: Tokens, hour: u64) {
        let mut answer = Sums { tokens, hour, requests: 1, cost: 0 };
        answer.cost = answer.cost(model).unwrap_or_default();
        self.models.entry(model.to_owned()).or_default().add(&answer);
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.lines += other.lines;
        self.usage_lines += other.usage_lines;
        for (model, sums) in &other.models {
            self.models.entry(model.clone()).or_default().add(sums);
        }
    }

    /// Everything together.
    pub(crate) fn total(&self) -> Sums {
        let mut total = Sums::default();
        self.models.values().for_each(|sums| total.add(sums));
        total
    }

    pub(super) fn to_json(&self) -> String {
        let models: serde_json::Map<_, _> =
            self.models.iter().map(|(model, sums)| (model.clone(), sums.to_json())).collect();
        let truth = json!({
            "files": self.files,
            "bytes": self.bytes,
            "lines": self.lines,
            "usage_lines": self.usage_lines,
            "last_wins": models,
        });
        format!("{truth:#}\n")
    }

    pub(super) fn from_json(json: &[u8]) -> Result<Self> {
        let json: Value = serde_json::from_slice(json)?;
        let models = json["last_wins"].as_object().context("there are no models in last_wins")?;
        let models = models.iter().filter(|(name, _)| *name != "TOTAL");
        let models = models.map(|(name, sums)| Ok((name.clone(), Sums::from_json(name, sums)?)));
        Ok(Self {
            files: count(&json, "files")?,
            bytes: count(&json, "bytes")?,
            lines: count(&json, "lines")?,
            usage_lines: count(&json, "usage_lines")?,
            models: models.collect::<Result<_>>()?,
        })
    }
}

impl Sums {
    fn to_json(self) -> Value {
        json!({
            "input": self.tokens.input,
            "output": self.tokens.output,
            "cache_creation": self.tokens.cache_creation,
            "cache_creation_1h": self.hour,
            "cache_read": self.tokens.cache_read,
            "messages": self.requests,
        })
    }

    fn from_json(model: &str, json: &Value) -> Result<Self> {
        let tokens = Tokens {
            input: count(json, "input")?,
            output: count(json, "output")?,
            cache_creation: count(json, "cache_creation")?,
            cache_read: count(json, "cache_read")?,
        };
        let hour = count(json, "cache_creation_1h")?;
        let sums = Self { tokens, hour, requests: count(json, "messages")?, cost: 0 };
        match sums.cost(model) {
            Some(cost) => Ok(Self { cost, ..sums }),
            None => bail!("there is no price for {model}"),
        }
    }
}

fn count(json: &Value, name: &str) -> Result<u64> {
    json[name].as_u64().with_context(|| format!("`{name}` is no count"))
}
