//! An audit of three sessions, for the tests of what is shown of it.

use std::collections::BTreeSet;

use plimsoll_domain::{
    Model, NanoUsd, ProcessId, QuerySource, SessionId, Timestamp, Tokens, calendar::parse_rfc3339,
};
use plimsoll_ledger::{
    Audit, AuditLine, Balance, Difference, LoneRequest, MissedEvents, PriceCheck, Reason,
    SessionAudit, Shown, Sides, StatedTotal, Teller, Told, Verdict,
};

/// So many seconds before noon.
fn before(seconds: u64) -> Timestamp {
    let noon = parse_rfc3339("2026-11-23T12:00:00Z").unwrap();
    noon.before(std::time::Duration::from_secs(seconds))
}

fn model() -> Model {
    Model::parse("claude-sonnet-4-6").0
}

fn told(output: u64) -> Told {
    let tokens = Tokens { input: 1_200, output, cache_read: 34_000, cache_creation: 5_000 };
    Told { requests: Some(2), tokens, cost: Some(NanoUsd(120_000_000)) }
}

fn line(output: u64) -> AuditLine {
    let told = Sides {
        events: Some(told(output)),
        metrics: Some(Told { requests: None, ..told(output) }),
        transcripts: Some(Told { cost: None, ..told(output) }),
        counted: told(output),
        unattributed: Told::default(),
    };
    AuditLine { model: model(), source: QuerySource::Main, told }
}

fn session(id: &str, verdict: Verdict, reasons: &[Reason]) -> SessionAudit {
    SessionAudit {
        session: Some(SessionId::new(id)),
        project: Some("/home/ada/harbour".into()),
        client_version: Some("2.1.330".into()),
        first_at: before(600),
        last_at: before(300),
        last_arrival: before(299),
        lines: vec![line(900)],
        stated: Vec::new(),
        shown: None,
        differences: Vec::new(),
        missed: Vec::new(),
        copies: 0,
        unfinished: 0,
        pruned: 0,
        prices: Vec::new(),
        lone: Vec::new(),
        reasons: reasons.iter().copied().collect(),
        verdict,
    }
}

fn difference(teller: Teller, reasons: &[Reason]) -> Difference {
    Difference {
        teller,
        model: Some(model()),
        source: Some(QuerySource::Main),
        tokens: Balance { input: -10, output: -40, ..Balance::default() },
        missing: Some(1),
        disputed: 0,
        reasons: reasons.iter().copied().collect(),
    }
}

/// Its second session has something of everything.
fn explained() -> SessionAudit {
    let mut session =
        session("3f2a1b09-77aa", Verdict::Explained, &[Reason::MetricsOff, Reason::ReceiverMissed]);
    let mut line = line(12_345);
    line.told.metrics = None;
    session.lines = vec![line];
    session.differences = vec![difference(Teller::Events, &[Reason::ReceiverMissed])];
    session.missed = vec![MissedEvents {
        process: ProcessId(7),
        first: 4,
        last: 5,
        since: Some(before(500)),
        until: before(400),
        found: 1,
        closed_by: BTreeSet::from([Teller::Transcripts]),
    }];
    session.stated = vec![StatedTotal { model: model(), at: before(300), told: told(12_345) }];
    session.shown = Some(Shown {
        at: before(310),
        model: Some(model()),
        window: Some(200_000),
        context: Some(told(300).tokens),
        cost: None,
    });
    (session.copies, session.unfinished) = (1, 2);
    session.prices = vec![PriceCheck {
        model: model(),
        cost: NanoUsd(120_000_000),
        requests: 0,
        drift: 0,
        apart: 1,
        apart_drift: 40_000_000,
    }];
    session.lone = vec![LoneRequest {
        key: "req_1".into(),
        teller: Teller::Transcripts,
        at: before(450),
        model: model(),
        source: QuerySource::Main,
        agent: None,
        tokens: told(40).tokens,
        reason: Some(Reason::ReceiverMissed),
    }];
    session
}

/// An exact session, an explained one, and one that nobody explains.
pub(super) fn audit() -> Audit {
    let mut unexplained = session("99990000-77aa", Verdict::Unexplained, &[]);
    unexplained.project = None;
    unexplained.differences =
        vec![Difference { missing: None, ..difference(Teller::Metrics, &[]) }];
    let exact = session("0123456789ab", Verdict::Exact, &[]);
    Audit { as_of: before(0), sessions: vec![exact, explained(), unexplained] }
}
