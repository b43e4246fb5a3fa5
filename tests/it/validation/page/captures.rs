//! The captures, one by one.

use std::collections::BTreeSet;

use super::{
    Told,
    text::{AMOUNTS, Table, Totals, away, by_kind, count, totals, usd},
};
use crate::validation::{
    answered::Answered,
    comparison::{Comparison, Judged},
    way::Way,
};

/// What was answered; it follows from the captures alone.
pub(in crate::validation) fn truth(answered: &[Answered]) -> String {
    let mut table = Table::new(&[&["capture", "sessions"], &AMOUNTS[..]].concat());
    let mut sum = Totals::default();
    for of in answered {
        let name = [format!("`{}`", of.capture), of.all.len().to_string()];
        table.row(name.into_iter().chain(totals(&of.all).cells()));
        sum = of.all.values().fold(sum, Totals::plus);
    }
    let sessions = answered.iter().map(|of| of.all.len()).sum::<usize>();
    table.row(["all".to_owned(), sessions.to_string()].into_iter().chain(sum.cells()));
    format!(
        "## What was answered

Tokens are *fresh* input, input *re-read* from the cache, input *written* to it, and *output*. A span is left by
aborted answers ([why](#what-is-not-exact-and-why)).

{table}"
    )
}

/// The books, in every way of telling.
pub(super) fn ways(answered: &[Answered], told: &Told<'_>) -> String {
    let sections = told.iter().map(|(way, captures)| section(*way, answered, captures));
    format!(
        "## What the books say

Each capture has a ledger of its own. A cell says *exact*, or what the books have more (+) or less (-) than was
answered; then what the audit says, and why a witness told less or nothing. *Exact* is said of the books; the audit can
say so only where two witnesses agree.

{}",
        sections.collect::<Vec<_>>().join("\n")
    )
}

fn section(way: Way, answered: &[Answered], captures: &[(&str, Judged)]) -> String {
    let mut table = Table::new(&[&["capture"], &AMOUNTS[..], &["audit", "why"]].concat());
    for (of, (name, judged)) in answered.iter().zip(captures) {
        let mut cells = vec![format!("`{name}`")];
        cells.extend(differences(&judged.found, &totals(&of.all), way.tells_of_requests()));
        cells.extend([judged.verdict.name().to_owned(), codes(&judged.reasons)]);
        table.row(cells);
    }
    format!("### {}\n\n{}\n\n{table}", way.name(), way.sentence())
}

/// The cells under [`AMOUNTS`].
pub(super) fn differences(found: &Comparison, due: &Totals, with_requests: bool) -> Vec<String> {
    let has_room = due.has_room();
    let requests = match with_requests {
        true => away(found.requests, has_room, &count),
        false => "unknown".to_owned(),
    };
    let [fresh, read, written, output] = by_kind(&found.tokens);
    let cost = found.cost.map(|cost| away(cost, has_room, &usd));
    vec![
        requests,
        away(fresh, false, &count),
        away(read, false, &count),
        away(written, false, &count),
        away(output, has_room, &count),
        cost.unwrap_or_else(|| "no price".to_owned()),
    ]
}

/// Codes of reasons.
pub(super) fn codes(reasons: &BTreeSet<String>) -> String {
    reasons.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
