//! Rows that several witnesses, or one of them several times, tell of. Merging is commutative, associative and
//! idempotent: facts in any order, any number of times, end in the same row.

use std::cmp::Reverse;

use plimsoll_domain::{Tokens, Witness};

use crate::table::{point::PointRow, request::RequestRow};

/// Two tellings of one request. Each field follows the more trusted telling; the session is the one that made
/// it: the earliest.
pub(crate) fn requests(one: &RequestRow, other: &RequestRow) -> RequestRow {
    let (best, second) = if trust(one) >= trust(other) { (one, other) } else { (other, one) };
    let origin = if origin(one) <= origin(other) { one } else { other };
    RequestRow {
        revision: one.revision.max(other.revision),
        key: one.key.clone(),
        session: session(one, other, origin),
        process: best.process.or(second.process),
        model: best.model,
        source: best.source,
        subsystem: best.subsystem.clone().or_else(|| second.subsystem.clone()),
        agent: best.agent.clone().or_else(|| second.agent.clone()),
        agent_name: best.agent_name.clone().or_else(|| second.agent_name.clone()),
        at: origin.at,
        arrived: one.arrived.min(other.arrived),
        tokens: best.tokens,
        cache_creation_1h: best.cache_creation_1h.or(second.cache_creation_1h),
        cost: best.cost.or(second.cost),
        duration_ms: best.duration_ms.or(second.duration_ms),
        ttft_ms: best.ttft_ms.or(second.ttft_ms),
        effort: best.effort.clone().or_else(|| second.effort.clone()),
        orchestration: best.orchestration.clone().or_else(|| second.orchestration.clone()),
        witnesses: one.witnesses.union(other.witnesses),
        message: best.message.or(second.message),
        side_log: one.side_log && other.side_log,
        finished: one.finished.max(other.finished),
        fast: best.fast.or(second.fast),
        us_only: best.us_only.or(second.us_only),
        web_searches: one.web_searches.max(other.web_searches),
        price: best.price,
        retracted: one.retracted && other.retracted,
    }
}

/// The session that made a request: an event names it, of transcripts the one that told of it earliest.
fn session(one: &RequestRow, other: &RequestRow, origin: &RequestRow) -> i64 {
    let by_event = |row: &RequestRow| row.witnesses.contains(Witness::Event);
    match (by_event(one), by_event(other)) {
        (true, false) => one.session,
        (false, true) => other.session,
        _ => origin.session,
    }
}

/// The larger of two tellings by one witness: an answer that is still being written is told with less.
pub(crate) fn larger(one: Tokens, other: Tokens) -> Tokens {
    let size = |tokens: &Tokens| (tokens.total(), tokens.output);
    if size(&one) >= size(&other) { one } else { other }
}

/// Whether a merged row says anything that the former did not; when it was told is no news.
pub(crate) fn improves(merged: &RequestRow, former: &RequestRow) -> bool {
    let same = RequestRow {
        revision: former.revision,
        arrived: former.arrived,
        process: former.process,
        ..merged.clone()
    };
    same != *former
}

/// Two exports of one delta reading, each of which may hold some of the types.
pub(crate) fn points(one: &PointRow, other: &PointRow) -> PointRow {
    PointRow {
        input: one.input.max(other.input),
        output: one.output.max(other.output),
        cache_read: one.cache_read.max(other.cache_read),
        cache_creation: one.cache_creation.max(other.cache_creation),
        cost: one.cost.max(other.cost),
        ..one.clone()
    }
}

/// Event before transcript, then the conversation before a side log, the larger count, the earlier telling.
type Trust = (u8, bool, u64, u64, Reverse<i64>, Reverse<i64>);

fn trust(row: &RequestRow) -> Trust {
    let Tokens { output, .. } = row.tokens;
    let rank = match row.witnesses {
        told if told.contains(Witness::Event) => 2,
        told if told.contains(Witness::Transcript) => 1,
        _ => 0,
    };
    (
        rank,
        !row.side_log,
        row.tokens.total(),
        output,
        Reverse(row.at.nanos()),
        Reverse(row.arrived.nanos()),
    )
}

fn origin(row: &RequestRow) -> (i64, i64) {
    (row.at.nanos(), row.session)
}
