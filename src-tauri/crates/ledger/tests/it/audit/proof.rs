//! No verdict of exactness where a single token differs.

use plimsoll_domain::{Fact, Statement, TokenKind, Tokens};
use plimsoll_ledger::Verdict;
use proptest::prelude::*;

use super::telling::{aside, event, heard, metered, of, stated, tokens};
use crate::desk::{edit, line};

/// Requests of a session as all witnesses tell them; some of them asked aside, of which transcripts tell nothing.
fn told(outputs: &[(u64, bool)]) -> Vec<Fact> {
    // Events come, whatever they tell of requests.
    let mut facts = vec![heard("s", 400, (0, 0))];
    let (mut main, mut side) = (Tokens::ZERO, Tokens::ZERO);
    for (number, (output, is_aside)) in outputs.iter().enumerate() {
        let (name, at) = (format!("s_{number}"), 1_000 * (i64::try_from(number).unwrap() + 1));
        let event = event("s", &name, at, *output);
        if *is_aside {
            facts.push(aside(event));
            side = side.plus(tokens(*output));
        } else {
            facts.push(event);
            facts.push(line("s", &name, at + 1, *output));
            main = main.plus(tokens(*output));
        }
    }
    let end = 1_000 * (i64::try_from(outputs.len()).unwrap() + 1);
    facts.push(metered("s", (500, end), main));
    facts.push(aside(metered("s", (500, end), side)));
    facts.push(stated("s", end, main.plus(side)));
    facts
}

/// The fact with one more token of a type, or one less where there is one; `None` where it tells no tokens.
fn perturbed(fact: Fact, kind: TokenKind, less: bool) -> Option<Fact> {
    let step = |count: u64| if less && count > 0 { count - 1 } else { count + 1 };
    match fact.statement {
        Statement::Request(_) => {
            Some(edit(fact, |request| request.tokens[kind] = step(request.tokens[kind])))
        }
        Statement::Usage(mut reading) => {
            let told = match kind {
                TokenKind::Input => &mut reading.input,
                TokenKind::Output => &mut reading.output,
                TokenKind::CacheRead => &mut reading.cache_read,
                TokenKind::CacheCreation => &mut reading.cache_creation,
            };
            *told = told.map(step);
            Some(Fact { statement: Statement::Usage(reading), ..fact })
        }
        Statement::Totals(mut totals) => {
            totals.tokens[kind] = step(totals.tokens[kind]);
            Some(Fact { statement: Statement::Totals(totals), ..fact })
        }
        _ => None,
    }
}

fn verdict(facts: Vec<Fact>) -> Verdict {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(of("s", facts)).verdict
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Scenario: all witnesses agree on any requests; then one of them tells one token more or less of one type, or
    /// one telling is missing, or an event is.
    /// Guarantees: exact before, never after.
    #[test]
    fn a_single_token_is_enough(
        outputs in prop::collection::vec((1_u64..2_000, prop::bool::weighted(0.3)), 1..6),
        pick in any::<prop::sample::Index>(),
        kind in prop::sample::select(&TokenKind::ALL[..]),
        less in any::<bool>(),
    ) {
        let facts = told(&outputs);
        prop_assert_eq!(verdict(facts.clone()), Verdict::Exact);
        let at = 1 + pick.index(facts.len() - 1);
        let mut other = facts.clone();
        other[at] = perturbed(facts[at].clone(), kind, less).unwrap();
        prop_assert_ne!(verdict(other), Verdict::Exact, "{:?}", facts[at]);
        if matches!(facts[at].statement, Statement::Request(_)) {
            let mut fewer = facts.clone();
            fewer.remove(at);
            prop_assert_ne!(verdict(fewer), Verdict::Exact, "without {:?}", facts[at]);
        }
    }
}

/// Scenario: events with a hole in their numbers, and nobody else to tell what was in it.
/// Guarantees: not exact, though nothing differs.
#[test]
fn an_open_gap_is_not_exact() {
    let facts = vec![
        heard("s", 900, (0, 3)),
        event("s", "s_1", 1_000, 100),
        heard("s", 60_000, (5, 9)),
        event("s", "s_2", 60_000, 5),
    ];
    assert_eq!(verdict(facts), Verdict::Explained);
}
