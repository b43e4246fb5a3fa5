//! The audit of one session in full.

use std::io::{self, Write};

use plimsoll_domain::{
    NanoUsd, Timestamp, TokenKind,
    text::{self, grouped, plain},
};
use plimsoll_engine::{
    AuditLine, Balance, Difference, MissedEvents, PriceCheck, SessionAudit, Told,
};

use super::summary::{UNKNOWN, codes, signed};
use crate::cli::table::Table;

/// How a time is written.
type Clock<'a> = &'a dyn Fn(Timestamp) -> String;

/// What people call each type of token.
const KINDS: [(TokenKind, &str); 4] = [
    (TokenKind::Input, "fresh"),
    (TokenKind::CacheRead, "re-read"),
    (TokenKind::CacheCreation, "written"),
    (TokenKind::Output, "output"),
];

/// Everything that is known of a session.
pub(super) fn write(out: &mut impl Write, session: &SessionAudit, at: Clock<'_>) -> io::Result<()> {
    let id = session.session.as_ref().map_or("without an id", |id| id.as_str());
    writeln!(out, "\nSession {}", plain(id, usize::MAX))?;
    if let Some(project) = &session.project {
        writeln!(out, "  {}", plain(project, usize::MAX))?;
    }
    let version = session.client_version.as_deref().unwrap_or("of unknown version");
    let (first, last) = (at(session.first_at), at(session.last_at));
    writeln!(out, "  client {}, {first} to {last}\n", plain(version, 28))?;
    sums(session).write(out, "  ")?;
    let notes = notes(session, at);
    if !notes.is_empty() {
        writeln!(out, "\n  {}", notes.join("\n  "))?;
    }
    lone(out, session, at)
}

/// A line for everything that is no sum of a witness.
fn notes(session: &SessionAudit, at: Clock<'_>) -> Vec<String> {
    let mut notes = statements(session, at);
    notes.extend(session.differences.iter().map(differs));
    notes.extend(session.missed.iter().map(|missed| gone(missed, at)));
    let asides = [
        (session.unfinished, "answer", "did not come to an end"),
        (session.copies, "request", "came under a second name and counted once"),
        (session.pruned, "request", "pruned: the sums hold what they used"),
    ];
    let asides = asides.into_iter().filter(|(count, ..)| *count > 0);
    notes.extend(asides.map(|(count, what, rest)| format!("{} {rest}", plural(count, what))));
    notes.extend(session.prices.iter().map(priced));
    notes
}

fn plural(count: u64, one: &str) -> String {
    format!("{} {one}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// A line per model, part and type.
fn sums(session: &SessionAudit) -> Table {
    let mut table = Table::default();
    let head = [
        "model",
        "part",
        "",
        "events",
        "metrics",
        "transcripts",
        "counted",
        "metrics only",
        "books",
    ];
    table.push(head.map(str::to_owned).to_vec());
    for line in &session.lines {
        let requests = |told: Option<Told>| count(told.and_then(|told| told.requests));
        table.push(cells(line, "requests", &requests));
        for (kind, name) in KINDS {
            let tokens = |told: Option<Told>| count(told.map(|told| told.tokens[kind]));
            table.push(cells(line, name, &tokens));
        }
        table.push(cells(line, "cost", &|told| {
            told.and_then(|told| told.cost)
                .map_or_else(|| UNKNOWN.to_owned(), |cost| text::cost(Some(cost)))
        }));
    }
    table
}

fn cells(line: &AuditLine, name: &str, shown: &dyn Fn(Option<Told>) -> String) -> Vec<String> {
    let told = line.told;
    let sides = [
        told.events,
        told.metrics,
        told.transcripts,
        Some(told.counted),
        Some(told.unattributed),
        Some(told.books()),
    ];
    let names = [line.model.display_name(), line.source.name().to_owned(), name.to_owned()];
    names.into_iter().chain(sides.map(shown)).collect()
}

fn count(count: Option<u64>) -> String {
    count.map_or_else(|| UNKNOWN.to_owned(), grouped)
}

/// What the client states of itself.
fn statements(session: &SessionAudit, at: Clock<'_>) -> Vec<String> {
    let stated = session.stated.iter().map(|stated| {
        let tokens = &stated.told.tokens;
        let tokens = KINDS.map(|(kind, name)| format!("{} {name}", grouped(tokens[kind])));
        let (model, at, cost) =
            (stated.model.display_name(), at(stated.at), text::cost(stated.told.cost));
        format!("The client's own sum of {model} ({at}): {}, {cost}", tokens.join(", "))
    });
    let shown = session.shown.as_ref().map(|shown| {
        let context = count(shown.context.map(|context| context.total()));
        let (window, at, cost) = (count(shown.window), at(shown.at), text::cost(shown.cost));
        format!("The status line ({at}): context {context}, window {window}, {cost}")
    });
    stated.chain(shown).collect()
}

fn differs(difference: &Difference) -> String {
    let model = difference.model.as_ref().map(|model| format!(" of {}", model.display_name()));
    let source = difference.source.map(|source| format!(", {}", source.name()));
    let (model, source) = (model.unwrap_or_default(), source.unwrap_or_default());
    let missing = difference.missing.unwrap_or(0);
    let counts = [(missing, "less"), (difference.disputed, "told otherwise")];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    let mut parts: Vec<_> =
        counts.map(|(count, how)| format!("{} {how}", plural(count, "request"))).collect();
    parts.extend(balance(&difference.tokens));
    let why = match difference.reasons.is_empty() {
        true => "no reason is known".to_owned(),
        false => codes(difference.reasons.iter()),
    };
    format!("{}{model}{source}: {}: {why}", difference.teller.name(), parts.join(", "))
}

fn balance(balance: &Balance) -> Vec<String> {
    let amounts = [
        (balance.input, "fresh"),
        (balance.cache_read, "re-read"),
        (balance.cache_creation, "written"),
        (balance.output, "output"),
    ];
    let changed = amounts.into_iter().filter(|(count, _)| *count != 0);
    changed.map(|(count, name)| format!("{} {name}", signed(count))).collect()
}

fn gone(missed: &MissedEvents, at: Clock<'_>) -> String {
    let since = missed.since.map_or_else(|| "its beginning".to_owned(), at);
    let closed: Vec<_> = missed.closed_by.iter().map(|teller| teller.name()).collect();
    let closed = match closed.is_empty() {
        true => "nobody knows what they told".to_owned(),
        false => {
            format!("closed by {}, {} found", closed.join(" and "), plural(missed.found, "request"))
        }
    };
    format!(
        "events {} to {} of process {} did not arrive, between {since} and {}: {closed}",
        missed.first,
        missed.last,
        missed.process.0,
        at(missed.until)
    )
}

fn priced(check: &PriceCheck) -> String {
    let amount = |nano: i64| {
        let sign = if nano < 0 { "-" } else { "+" };
        format!("{sign}{}", text::cost(Some(NanoUsd(nano.saturating_abs()))))
    };
    let parts = [
        (check.requests, check.drift, ""),
        (check.apart, check.apart_drift, " begun anew, aborted or with web searches"),
    ];
    let parts = parts.into_iter().filter(|(count, ..)| *count > 0);
    let parts = parts.map(|(count, drift, how)| {
        format!("{} of {}{how}", amount(drift), plural(count, "request"))
    });
    let parts = parts.collect::<Vec<_>>().join(", ");
    format!("The client's prices of {} beside the price table: {parts}", check.model.display_name())
}

/// The requests that only one witness knows.
fn lone(out: &mut impl Write, session: &SessionAudit, at: Clock<'_>) -> io::Result<()> {
    if session.lone.is_empty() {
        return Ok(());
    }
    let mut table = Table::default();
    table.push(
        ["told by", "at", "request", "model", "part", "tokens", "why"].map(str::to_owned).to_vec(),
    );
    for request in &session.lone {
        table.push(vec![
            request.teller.name().to_owned(),
            at(request.at),
            plain(&request.key, 40),
            request.model.display_name(),
            request.source.name().to_owned(),
            grouped(request.tokens.total()),
            request.reason.map_or(UNKNOWN, |reason| reason.code()).to_owned(),
        ]);
    }
    writeln!(out, "\n  Only one witness knows:")?;
    table.write(out, "  ")
}
