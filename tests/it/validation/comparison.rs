//! How the books lie to what was answered.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_domain::Tokens;
use plimsoll_ledger::Balance;
use plimsoll_testkit::Expected;

use super::{
    answered::{Due, Sessions},
    audited::{Audited, Verdict},
};

/// Nano-dollars by which costs may differ through rounding, for each session.
const ROUNDING: i64 = 1_000;

/// The books less what was answered; all zero where they are exact.
#[derive(Debug, Clone, Default)]
pub(super) struct Comparison {
    pub(super) requests: i64,
    pub(super) tokens: Balance,
    /// Nano-dollars; `None` where the books have no price.
    pub(super) cost: Option<i64>,
    /// What stands under another model or part of the client, or in a session that is none.
    pub(super) misplaced: Vec<String>,
}

impl Comparison {
    /// Of one session; with requests where the books know them.
    pub(super) fn of(id: &str, due: &Due, audited: &Audited, with_requests: bool) -> Self {
        let expected = Expected { sessions: BTreeMap::from([(id.to_owned(), due.tokens.clone())]) };
        let requests = due.requests.beyond(audited.requests);
        Self {
            requests: if with_requests { requests } else { 0 },
            tokens: outside(audited.tokens, due),
            cost: priced(audited).map(|cost| unrounded(due.cost.beyond(cost))),
            misplaced: expected.differences(&audited.books),
        }
    }

    pub(super) fn is_exact(&self) -> bool {
        self.requests == 0
            && self.tokens.is_zero()
            && self.cost == Some(0)
            && self.misplaced.is_empty()
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            tokens: self.tokens.plus(other.tokens),
            cost: self.cost.zip(other.cost).map(|(one, other)| one + other),
            misplaced: [self.misplaced, other.misplaced].concat(),
        }
    }

    /// No difference.
    pub(super) fn none() -> Self {
        Self { cost: Some(0), ..Self::default() }
    }
}

/// Where nothing was used, nothing has to be paid.
fn priced(audited: &Audited) -> Option<i64> {
    audited.cost.or(audited.tokens.is_zero().then_some(0))
}

/// How far the books are outside of what is due.
fn outside(tokens: Tokens, due: &Due) -> Balance {
    let least = due.tokens.totals;
    let most = Tokens { output: due.tokens.output_max, ..least };
    Balance::of(tokens.minus(most), least.minus(tokens))
}

fn unrounded(cost: i64) -> i64 {
    if cost.abs() <= ROUNDING { 0 } else { cost }
}

/// The books of several sessions beside what was answered.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) found: Comparison,
    pub(super) verdict: Verdict,
    pub(super) reasons: BTreeSet<String>,
    /// What has neither an explanation by the audit nor a stated correction.
    pub(super) faults: Vec<String>,
}

/// Compares books with all that was answered, and finds fault with what differs from the part of it that a witness can
/// know and is not explained.
pub(super) fn judge(
    (all, knowable): (&Sessions, &Sessions),
    audit: &BTreeMap<String, Audited>,
    with_requests: bool,
) -> Judged {
    let mut judged = Judged {
        found: Comparison::none(),
        verdict: Verdict::default(),
        reasons: BTreeSet::new(),
        faults: Vec::new(),
    };
    let ids: BTreeSet<_> = all.keys().chain(audit.keys()).collect();
    let (nothing, unknown) = (Due::default(), Audited::default());
    for id in ids {
        let audited = audit.get(id).unwrap_or(&unknown);
        let compare = |sessions: &Sessions| {
            Comparison::of(id, sessions.get(id).unwrap_or(&nothing), audited, with_requests)
        };
        judged.faults.extend(fault(id, &compare(knowable), audited));
        judged.found = judged.found.plus(compare(all));
        judged.verdict = judged.verdict.max(audited.verdict);
        judged.reasons.extend(audited.reasons.iter().cloned());
    }
    judged
}

/// What is wrong with a session.
pub(super) fn fault(id: &str, found: &Comparison, audited: &Audited) -> Option<String> {
    let explained = audited.verdict == Verdict::Explained && !audited.reasons.is_empty();
    let wrong = audited.verdict == Verdict::Unexplained || !(found.is_exact() || explained);
    wrong.then(|| format!("{id}: {found:?}, {:?} {:?}", audited.verdict, audited.reasons))
}
