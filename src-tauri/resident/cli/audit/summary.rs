//! An audit at a glance: a line per session, and what the reasons mean.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use plimsoll_domain::text::{grouped, plain};
use plimsoll_engine::{Audit, Balance, Reason, SessionAudit, Teller, Told, Verdict};

use crate::cli::table::Table;

/// How wide a project's name may be.
const NAME: usize = 28;
/// More sessions than this fill the screen and say nothing.
const MOST: usize = 40;

/// What nobody told.
pub(super) const UNKNOWN: &str = "-";

/// A line per session, unexplained ones first, then the last active ones.
pub(super) fn write(out: &mut impl Write, audit: &Audit) -> io::Result<()> {
    if audit.sessions.is_empty() {
        return Ok(());
    }
    let mut sessions: Vec<_> = audit.sessions.iter().collect();
    sessions.sort_by_key(|session| session.verdict != Verdict::Unexplained);
    let mut table = Table::default();
    let head =
        ["session", "", "verdict", "events", "metrics", "transcripts", "books", "differs", "why"];
    table.push(head.map(str::to_owned).to_vec());
    for session in sessions.iter().take(MOST) {
        table.push(row(session));
    }
    writeln!(out)?;
    table.write(out, "  ")?;
    match sessions.len().saturating_sub(MOST) {
        0 => Ok(()),
        more => writeln!(out, "  and {more} more: --since shows fewer, --json all of them"),
    }
}

/// What every reason means that some session has.
pub(super) fn write_reasons(out: &mut impl Write, audit: &Audit) -> io::Result<()> {
    let given: Vec<_> = Reason::ALL.into_iter().filter(|reason| audit.with(*reason) > 0).collect();
    if given.is_empty() {
        return Ok(());
    }
    let mut table = Table::default();
    for reason in given {
        table.push(vec![reason.code().to_owned(), reason.sentence().to_owned()]);
    }
    writeln!(out)?;
    table.write(out, "  ")
}

fn row(session: &SessionAudit) -> Vec<String> {
    let total = session.total();
    let name = session.project.as_deref().and_then(plimsoll_domain::text::folder);
    let id = session.session.as_ref().map_or(UNKNOWN, |id| id.as_str());
    vec![
        name.map_or_else(String::new, |name| plain(name, NAME)),
        plain(id.split_at_checked(8).map_or(id, |(head, _)| head), NAME),
        session.verdict.name().to_owned(),
        tokens(total.events),
        tokens(total.metrics),
        tokens(total.transcripts),
        tokens(Some(total.books())),
        differs(session),
        codes(session.reasons.iter()),
    ]
}

fn tokens(told: Option<Told>) -> String {
    told.map_or_else(|| UNKNOWN.to_owned(), |told| grouped(told.tokens.total()))
}

/// Reasons as their codes; `unknown` where something has none.
pub(super) fn codes<'a>(reasons: impl Iterator<Item = &'a Reason>) -> String {
    reasons.map(|reason| reason.code()).collect::<Vec<_>>().join(", ")
}

/// By how much each witness is away from what is counted, over all models and parts.
fn differs(session: &SessionAudit) -> String {
    let mut all: BTreeMap<Teller, Balance> = BTreeMap::new();
    for one in &session.differences {
        let sum = all.entry(one.teller).or_default();
        *sum = sum.plus(one.tokens);
    }
    let shown = all.iter().map(|(teller, sum)| format!("{} {}", teller.name(), signed(sum.net())));
    shown.collect::<Vec<_>>().join(", ")
}

/// A count with its sign.
pub(super) fn signed(count: i64) -> String {
    let sign = if count < 0 { "-" } else { "+" };
    format!("{sign}{}", grouped(count.unsigned_abs()))
}
