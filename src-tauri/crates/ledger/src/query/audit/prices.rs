//! The client's prices beside those of the price table.

use std::collections::BTreeMap;

use plimsoll_domain::Model;
use sqlx::{Row as _, SqliteConnection};

use super::{
    Models,
    case::{Case, Sum},
    load::Choice,
};
use crate::{PriceCheck, table::count};

// A stream that was begun anew costs its input twice, and the client tells both costs with the second answer. What
// part of a price the input is follows from the usual ratio of rates: fresh 20, re-read 2, written 25 (for an hour
// 40), output 100. Of an aborted answer the event tells one token of output and the price of the estimated one.
// Kind 0: another price; 1: begun anew; 2: aborted, or with web searches.
const APART: &str = "WITH priced AS (SELECT r.session, r.model, r.cost - r.price AS drift, r.price, \
    COALESCE(r.web_searches, 0) AS searches, 20 * r.input + 2 * r.cache_read + 25 * r.cache_creation \
    + 15 * COALESCE(r.cache_creation_1h, 0) AS taken, r.output, 100 * r.output AS given FROM request r \
    WHERE ABS(r.cost - r.price) * 100 > r.price AND r.retracted = 0 AND r.session IN {CHOSEN}) \
    SELECT session, model, CASE WHEN searches > 0 OR (output <= 1 AND drift > 0) THEN 2 \
    WHEN drift * 1.0 * (taken + given) >= 0.9 * price * taken THEN 1 ELSE 0 END AS kind, \
    COUNT(*) AS requests, SUM(drift) AS drift FROM priced GROUP BY session, model, kind";

/// So few requests may all have been begun anew; more of them, and most of all, mean another price.
const FEW: u64 = 2;

/// The checks of each session whose prices are apart anywhere.
pub(super) async fn checks(
    view: &mut SqliteConnection,
    choice: &Choice,
    cases: &BTreeMap<i64, Case>,
    models: &Models,
) -> sqlx::Result<BTreeMap<i64, Vec<PriceCheck>>> {
    let mut apart: BTreeMap<(i64, i64), [(u64, i64); 3]> = BTreeMap::new();
    for row in choice.rows(view, APART).await? {
        let kinds = apart.entry((row.try_get("session")?, row.try_get("model")?)).or_default();
        let kind = usize::try_from(row.try_get::<i64, _>("kind")?).unwrap_or(0);
        kinds[kind.min(2)] = (count(row.try_get("requests")?), row.try_get("drift")?);
    }
    let mut checks: BTreeMap<i64, Vec<PriceCheck>> = BTreeMap::new();
    for ((session, model), kinds) in apart {
        let (Some(case), Some(name)) = (cases.get(&session), models.get(&model)) else { continue };
        let of_model = case.cells.iter().filter(|((of, _), _)| *of == model);
        let all = Sum::total(of_model.map(|(_, cell)| cell.counted));
        checks.entry(session).or_default().push(check(name.clone(), all, kinds));
    }
    Ok(checks)
}

/// What a model's requests at another price, begun anew, and with web searches say, beside all of them.
fn check(model: Model, all: Sum, [other, anew, searched]: [(u64, i64); 3]) -> PriceCheck {
    let plus = |one: (u64, i64), two: (u64, i64)| (one.0 + two.0, one.1.saturating_add(two.1));
    let is_rare = anew.0 <= FEW || anew.0 * 2 <= all.requests;
    let (drift, apart) = match is_rare {
        true => (other, plus(anew, searched)),
        false => (plus(other, anew), searched),
    };
    PriceCheck {
        model,
        cost: all.cost,
        requests: drift.0,
        drift: drift.1,
        apart: apart.0,
        apart_drift: apart.1,
    }
}

#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    vec![super::load::whole(APART)]
}
