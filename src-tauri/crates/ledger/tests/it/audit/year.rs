//! How long an audit takes.

use std::time::Instant;

use plimsoll_domain::{Fact, Tokens};
use plimsoll_ledger::{AuditFilter, Verdict};

use super::telling::{LATER, event, metered, stated, tokens};
use crate::desk::{Desk, line, millis};

const SESSIONS: i64 = 2_000;
const REQUESTS: i64 = 70;

/// A session's requests as every witness tells them; of every tenth session telemetry ends early.
fn told(number: i64) -> Vec<Fact> {
    let (session, begin) = (format!("s-{number:04}-0123456789ab"), number * 10_000_000);
    let (mut facts, mut sum) = (Vec::new(), Tokens::ZERO);
    for request in 1..=REQUESTS {
        let (name, at) = (format!("req_011CSR{number:06}{request:06}"), begin + 30_000 * request);
        if number % 10 > 0 || request < 50 {
            facts.push(event(&session, &name, at, request.unsigned_abs()));
            facts.push(metered(&session, (at - 30_000, at), tokens(request.unsigned_abs())));
        }
        facts.push(line(&session, &name, at, request.unsigned_abs()));
        sum = sum.plus(tokens(request.unsigned_abs()));
    }
    facts.push(stated(&session, begin + 30_000 * REQUESTS, sum));
    facts.iter_mut().for_each(|fact| fact.envelope.connection = None);
    facts
}

/// Scenario: 2,000 sessions of 70 requests each, every tenth of which has something to explain.
/// Guarantees: all are judged, in well under a second by a release build; it says how long it took.
#[tokio::test]
#[ignore = "takes long to fill; measured by hand"]
async fn a_year_is_audited_at_once() {
    let desk = Desk::open().await;
    for number in 0..SESSIONS {
        desk.record(told(number)).await;
    }
    for _ in 0..3 {
        let begin = Instant::now();
        let now = millis(LATER * 1_000);
        let audit = desk.ledger.audit(&AuditFilter::default(), now).await.unwrap();
        println!("{} sessions in {:?}", audit.sessions.len(), begin.elapsed());
        assert_eq!((audit.count(Verdict::Exact), audit.count(Verdict::Explained)), (1_800, 200));
        assert!(cfg!(debug_assertions) || begin.elapsed().as_millis() < 1_000);
    }
}
