//! `plimsoll audit`: what the witnesses tell of the same use, and why they differ.

mod detail;
mod summary;

use std::io::{self, Write};

use anyhow::Context as _;
use plimsoll_domain::{Calendar, SessionId, Timestamp, calendar::parse_rfc3339};
use plimsoll_engine::{Audit, AuditFilter, Verdict, audit_json};
use plimsoll_programs::{Exit, Surroundings, now};

use super::{command_runtime, ledger, span::span};

#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    /// One session, with every detail
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Only sessions active since then: 7d, 12h, 2026-11-23
    #[arg(long, value_name = "SPAN or DATE")]
    since: Option<String>,
    /// Print the audit as JSON, as the API gives it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    ledger: ledger::Choice,
}

/// Reads the ledger's file by itself, whether Plimsoll runs or not.
pub(crate) fn run(flags: &Flags, around: &Surroundings) -> anyhow::Result<()> {
    let (calendar, now) = (Calendar::system(), now());
    let filter = filter(flags, &calendar, now)?;
    let audit = command_runtime()?.block_on(async {
        let mut ledger = flags.ledger.open(around).await?;
        ledger.audit(&filter, now).await.map_err(|error| ledger::failure(&error))
    })?;
    if let (Some(session), true) = (&flags.session, audit.sessions.is_empty()) {
        return Err(Exit::Failed.because(format!("nothing is known of session {session}")));
    }
    let mut out = io::stdout().lock();
    if flags.json {
        out.write_all(&audit_json(&audit).context("cannot write the audit as JSON")?)?;
        writeln!(out)?;
    } else {
        show(&mut out, &audit, flags.session.is_some(), &calendar)?;
    }
    out.flush()?;
    match audit.verdict() {
        Verdict::Exact | Verdict::Explained => Ok(()),
        Verdict::Unexplained => Err(Exit::Failed.quietly()),
    }
}

fn show(
    out: &mut impl Write,
    audit: &Audit,
    in_detail: bool,
    calendar: &Calendar,
) -> io::Result<()> {
    writeln!(out, "{}", audit.sentence())?;
    summary::write(out, audit)?;
    if in_detail {
        for session in &audit.sessions {
            detail::write(out, session, &|time| calendar.clock(time, audit.as_of))?;
        }
    }
    summary::write_reasons(out, audit)
}

fn filter(flags: &Flags, calendar: &Calendar, now: Timestamp) -> anyhow::Result<AuditFilter> {
    let since = match &flags.since {
        None => None,
        Some(text) => Some(moment(text, calendar, now).ok_or_else(|| {
            Exit::Usage.because("--since is a span such as 7d or 12h, or a date such as 2026-11-23")
        })?),
    };
    Ok(AuditFilter { session: flags.session.as_deref().map(SessionId::new), since })
}

/// So long ago, the start of a local day, or a time.
fn moment(text: &str, calendar: &Calendar, now: Timestamp) -> Option<Timestamp> {
    span(text)
        .map(|ago| now.before(ago))
        .or_else(|| calendar.date_start(text))
        .or_else(|| parse_rfc3339(text))
}

#[cfg(test)]
mod fixture;

#[cfg(test)]
mod tests {
    use plimsoll_domain::calendar::rfc3339;

    use super::{fixture::audit, *};

    fn shown(in_detail: bool) -> String {
        let mut out = Vec::new();
        show(&mut out, &audit(), in_detail, &Calendar::utc()).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// Scenario: an audit of three sessions: exact, explained, unexplained, one of which metrics never told.
    /// Guarantees: the verdict first, then a line per session with each witness's total, what differs and why; what
    /// nobody told is a dash; every reason is said once in a sentence.
    #[test]
    fn sessions_are_compared_in_a_table() {
        insta::assert_snapshot!("audit", shown(false));
    }

    /// Scenario: the same in detail.
    /// Guarantees: sums by model, part and type, the client's own statements, differences, missed events, requests
    /// that one witness knows, and prices.
    #[test]
    fn a_session_is_shown_in_detail() {
        insta::assert_snapshot!("audit_detail", shown(true));
    }

    /// Scenario: spans, dates, times, and what is none of them.
    /// Guarantees: each is read as people mean it, or not at all.
    #[test]
    fn since_is_a_span_or_a_date() {
        let now = parse_rfc3339("2026-11-23T12:00:00Z").unwrap();
        let since = |text| moment(text, &Calendar::utc(), now).map(rfc3339);
        assert_eq!(since("7d").unwrap(), "2026-11-16T12:00:00.000Z");
        assert_eq!(since("12h").unwrap(), "2026-11-23T00:00:00.000Z");
        assert_eq!(since("2026-11-01").unwrap(), "2026-11-01T00:00:00.000Z");
        assert_eq!(since("2026-11-01T01:00:00+01:00").unwrap(), "2026-11-01T00:00:00.000Z");
        for wrong in ["", "d", "7", "-1d", "yesterday", "99999999999999999999d"] {
            assert_eq!(since(wrong), None, "{wrong}");
        }
    }
}
