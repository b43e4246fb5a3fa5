//! Cells and tables.

use std::fmt::{self, Display};

use plimsoll_domain::{TokenKind, Tokens, text::grouped};
use plimsoll_ledger::Balance;

use crate::validation::answered::{Due, Sessions, Span};

/// What people call each type of token, in the order of the columns.
const KINDS: [(TokenKind, &str); 4] = [
    (TokenKind::Input, "fresh"),
    (TokenKind::CacheRead, "re-read"),
    (TokenKind::CacheCreation, "written"),
    (TokenKind::Output, "output"),
];

/// The heads of the columns of amounts.
pub(super) const AMOUNTS: [&str; 6] = ["requests", "fresh", "re-read", "written", "output", "cost"];

/// Nano-dollars in a micro-dollar.
const MICRO: i64 = 1_000;

/// Sums over sessions.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Totals {
    pub(super) requests: Span,
    pub(super) least: Tokens,
    pub(super) output_most: u64,
    pub(super) cost: Span,
}

/// Everything that sessions used.
pub(super) fn totals(sessions: &Sessions) -> Totals {
    sessions.values().fold(Totals::default(), |sum, due| sum.plus(due))
}

impl Totals {
    pub(super) fn plus(self, due: &Due) -> Self {
        Self {
            requests: self.requests.sum(due.requests),
            least: self.least.plus(due.tokens.totals),
            output_most: self.output_most + due.tokens.output_max,
            cost: self.cost.sum(due.cost),
        }
    }

    /// What this has more than a part of it, as people read it.
    pub(super) fn less(self, part: &Self) -> String {
        let tokens = self.least.minus(part.least);
        let parts = KINDS.map(|(kind, name)| format!("{} {name}", grouped(tokens[kind])));
        format!("{}, {}", parts.join(", "), usd(self.cost.least - part.cost.least))
    }

    /// Whether the books may lie between two bounds.
    pub(super) fn has_room(&self) -> bool {
        self.output_most > self.least.output
    }

    /// The cells under [`AMOUNTS`].
    pub(super) fn cells(&self) -> Vec<String> {
        let mut cells = vec![span(self.requests, &|count| grouped(count.unsigned_abs()))];
        for (kind, _) in KINDS {
            let least = self.least[kind];
            cells.push(match kind {
                TokenKind::Output if self.has_room() => {
                    format!("{} to {}", grouped(least), grouped(self.output_most))
                }
                _ => grouped(least),
            });
        }
        cells.push(span(self.cost, &usd));
        cells
    }
}

fn span(span: Span, shown: &dyn Fn(i64) -> String) -> String {
    match span.least == span.most {
        true => shown(span.least),
        false => format!("{} to {}", shown(span.least), shown(span.most)),
    }
}

/// The four types of a difference, in the order of the columns.
pub(super) fn by_kind(balance: &Balance) -> [i64; 4] {
    [balance.input, balance.cache_read, balance.cache_creation, balance.output]
}

/// A sum of money to the micro-dollar.
pub(super) fn usd(nano: i64) -> String {
    let micros = (nano.abs() + MICRO / 2) / MICRO;
    format!("${}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// By how much the books are away from what was answered.
pub(super) fn away(difference: i64, has_room: bool, shown: &dyn Fn(i64) -> String) -> String {
    match difference {
        0 if has_room => "within".to_owned(),
        0 => "exact".to_owned(),
        less if less < 0 => format!("-{}", shown(less)),
        more => format!("+{}", shown(more)),
    }
}

/// A count without its sign.
pub(super) fn count(number: i64) -> String {
    grouped(number.unsigned_abs())
}

/// A table of the page: its first column is text, the others are numbers or words.
pub(super) struct Table(Vec<Vec<String>>);

impl Table {
    pub(super) fn new(head: &[&str]) -> Self {
        let rule = head.iter().map(|_| "---".to_owned());
        Self(vec![head.iter().map(|name| (*name).to_owned()).collect(), rule.collect()])
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.0.push(cells.into_iter().collect());
    }
}

impl Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|row| writeln!(out, "| {} |", row.join(" | ")))
    }
}
