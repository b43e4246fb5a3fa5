//! A session as its witnesses tell it, and what the audit says of it.

use std::collections::BTreeSet;

use plimsoll_domain::{
    Fact, Heard, ModelTotals, NanoUsd, QuerySource, SessionId, Statement, Temporality, Tokens,
    UsageReading, UserPrompt, Witness,
};
use plimsoll_ledger::{Audit, AuditFilter, Difference, Reason, SessionAudit, Teller, Verdict};

use crate::desk::{self, Desk, edit, fact, line, millis};

/// Long after everything that is told here.
pub(crate) const LATER: i64 = 100_000_000;

/// What the builders' requests use, with so much output.
pub(crate) fn tokens(output: u64) -> Tokens {
    Tokens { input: 10, output, cache_read: 1000, cache_creation: 500 }
}

/// A request as its event tells it, at the price of the desk's table.
pub(crate) fn event(session: &str, request: &str, at: i64, output: u64) -> Fact {
    edit(desk::event(session, request, at, output), |request| {
        request.cost = i64::try_from(request.tokens.total()).ok().map(NanoUsd);
    })
}

/// A reading of a delta metric over what was used in a span in milliseconds.
pub(crate) fn metered(session: &str, span: (i64, i64), tokens: Tokens) -> Fact {
    let reading = UsageReading {
        series: i64::from(session.as_bytes()[0]),
        start: millis(span.0).nanos(),
        time: millis(span.1).nanos(),
        temporality: Temporality::Delta,
        model: plimsoll_domain::Model::parse("claude-sonnet-4-6").0,
        million_window: false,
        source: QuerySource::Main,
        input: Some(tokens.input),
        output: Some(tokens.output),
        cache_read: Some(tokens.cache_read),
        cache_creation: Some(tokens.cache_creation),
        cost: None,
    };
    let mut fact = fact(session, span.1, Statement::Usage(reading));
    fact.envelope.witness = Witness::Metric;
    fact
}

/// A reading of a cumulative metric: all that was used until a time in milliseconds.
pub(crate) fn counted_on(session: &str, at: i64, tokens: Tokens) -> Fact {
    let fact = metered(session, (0, at), tokens);
    let Statement::Usage(reading) = fact.statement else { unreachable!("made above") };
    let reading = UsageReading { temporality: Temporality::Cumulative, ..reading };
    Fact { statement: Statement::Usage(reading), ..fact }
}

/// A prompt, or a command of the client's own.
pub(crate) fn prompt(session: &str, at: i64, command: Option<&str>) -> Fact {
    let command = command.map(Into::into);
    let prompt = UserPrompt { length: Some(5), command, prompt: None };
    fact(session, at, Statement::Prompt(prompt))
}

/// The client's own sum of a session.
pub(crate) fn stated(session: &str, at: i64, tokens: Tokens) -> Fact {
    let model = plimsoll_domain::Model::parse("claude-sonnet-4-6").0;
    let totals = ModelTotals { model, tokens, cost: Some(NanoUsd(7)) };
    let mut fact = fact(session, at, Statement::Totals(totals));
    fact.envelope.witness = Witness::Transcript;
    fact.envelope.connection = None;
    fact
}

/// Running numbers of events that arrived.
pub(crate) fn heard(session: &str, at: i64, numbers: (u64, u64)) -> Fact {
    let mut fact = fact(session, at, Statement::Heard(Heard { last: numbers.1 }));
    fact.envelope.sequence = Some(numbers.0);
    fact
}

/// A request whose answer did not come to its end, as its transcript tells it.
pub(crate) fn unfinished(session: &str, request: &str, at: i64) -> Fact {
    edit(line(session, request, at, 1), |request| request.finished = Some(false))
}

/// The same, asked by a part beside the conversation.
pub(crate) fn aside(fact: Fact) -> Fact {
    match fact.statement {
        Statement::Usage(reading) => {
            let reading = UsageReading { source: QuerySource::Auxiliary, series: 99, ..reading };
            Fact { statement: Statement::Usage(reading), ..fact }
        }
        _ => edit(fact, |request| request.source = QuerySource::Auxiliary),
    }
}

/// Two requests, 100 and 40 tokens of output, as every witness tells them.
pub(crate) fn told_by_all(session: &str) -> Vec<Fact> {
    let (one, two) = (format!("{session}_1"), format!("{session}_2"));
    vec![
        event(session, &one, 1_000, 100),
        event(session, &two, 2_000, 40),
        metered(session, (900, 2_100), tokens(100).plus(tokens(40))),
        line(session, &one, 1_001, 100),
        line(session, &two, 2_001, 40),
        stated(session, 2_001, tokens(100).plus(tokens(40))),
    ]
}

/// What the audit says long after these were told, each in a call of its own.
pub(crate) async fn audited(facts: Vec<Fact>) -> Audit {
    let desk = Desk::open().await;
    for fact in facts {
        desk.record(vec![fact]).await;
    }
    desk.ledger.audit(&AuditFilter::default(), millis(LATER)).await.unwrap()
}

/// What it says of the only session, or of the one of this name.
pub(crate) async fn of(session: &str, facts: Vec<Fact>) -> SessionAudit {
    let audit = audited(facts).await;
    let id = SessionId::new(session);
    audit.sessions.into_iter().find(|one| one.session.as_ref() == Some(&id)).unwrap()
}

/// The verdict, and the codes of all reasons.
pub(crate) fn judged(session: &SessionAudit) -> (Verdict, Vec<&'static str>) {
    (session.verdict, codes(&session.reasons))
}

pub(crate) fn codes(reasons: &BTreeSet<Reason>) -> Vec<&'static str> {
    reasons.iter().map(|reason| reason.code()).collect()
}

/// Where a witness tells otherwise, which must be in one place.
pub(crate) fn difference(session: &SessionAudit, teller: Teller) -> &Difference {
    let mut all = session.differences.iter().filter(|one| one.teller == teller);
    let first = all.next().unwrap_or_else(|| panic!("{teller:?} agrees: {session:#?}"));
    assert!(all.next().is_none(), "{session:#?}");
    first
}
