//! Who reads the transcripts.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result};
use plimsoll_domain::{NanoUsd, Tokens};
use serde_json::Value;

use super::child::{self, Spent};
use super::house::House;
use super::limit;
use crate::Bench;
use crate::corpus::Corpus;

/// Who reads all transcripts.
#[derive(Debug)]
pub(super) enum Reader {
    /// Two threads that do nothing with the bytes: what no reader can beat.
    Limit,
    /// Ours, which also keeps what it reads.
    Plimsoll(PathBuf),
    Ccusage(Ccusage),
}

/// ccusage, of any version.
#[derive(Debug)]
pub(super) struct Ccusage {
    /// With its version.
    name: String,
    /// What runs it.
    words: Vec<OsString>,
}

/// What a reader says was used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Told {
    pub(super) tokens: Tokens,
    /// In nano-USD; `None` where no price was known.
    pub(super) cost: Option<i64>,
}

impl Reader {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Limit => "reading alone, 2 threads",
            Self::Plimsoll(_) => "plimsoll backfill",
            Self::Ccusage(ccusage) => &ccusage.name,
        }
    }

    /// Reads everything from a home without a trace of an earlier reading; what it says, if it says so at once.
    pub(super) fn read(&self, house: &House, corpus: &Corpus) -> Result<(Spent, Option<Told>)> {
        match self {
            Self::Limit => Ok((limit::read(corpus)?, None)),
            Self::Plimsoll(program) => {
                let ran = child::run(&mut house.backfill(program, &corpus.claude()))?;
                Ok((ran.spent, None))
            }
            Self::Ccusage(ccusage) => ccusage.read(house, corpus),
        }
    }
}

impl Ccusage {
    /// The one that these words run.
    pub(super) fn of(bench: &Bench, words: Vec<OsString>) -> Result<Self> {
        let mut ccusage = Self { name: "ccusage".to_owned(), words };
        let house = House::within(bench)?;
        let said = ccusage.run(&house, &house.nothing(), &["--version"])?.out;
        let version = said.split_whitespace().last().unwrap_or("of no version");
        ccusage.name = format!("ccusage {version}");
        Ok(ccusage)
    }

    fn run(&self, house: &House, claude: &std::path::Path, rest: &[&str]) -> Result<child::Ran> {
        let (program, words) = self.words.split_first().context("there is no command")?;
        child::run(house.command(program, claude).args(words).args(rest))
    }

    fn read(&self, house: &House, corpus: &Corpus) -> Result<(Spent, Option<Told>)> {
        // Later versions read other clients' files too, unless told; 18 knows one client only.
        let words = ["claude", "daily", "--json", "--offline"];
        let words = if self.name.starts_with("ccusage 18.") { &words[1..] } else { &words };
        let ran = self.run(house, &corpus.claude(), words)?;
        Ok((ran.spent, Some(Told::by_ccusage(&ran.out)?)))
    }
}

impl Told {
    fn by_ccusage(json: &str) -> Result<Self> {
        let json: Value = serde_json::from_str(json).context("ccusage does not answer in JSON")?;
        let totals = &json["totals"];
        let count = |name: &str| totals[name].as_u64().with_context(|| format!("no {name}"));
        let tokens = Tokens {
            input: count("inputTokens")?,
            output: count("outputTokens")?,
            cache_read: count("cacheReadTokens")?,
            cache_creation: count("cacheCreationTokens")?,
        };
        let cost = totals["totalCost"].as_f64().and_then(NanoUsd::from_usd);
        Ok(Self { tokens, cost: cost.map(|cost| cost.0) })
    }
}
