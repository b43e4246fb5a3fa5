//! The requests that only one of events and transcripts tells of.

use sqlx::{AssertSqlSafe, Row as _, SqliteConnection};

use super::{
    Models,
    case::{Case, Place},
    evidence::filled,
    judge::Losses,
    load::json,
};
use crate::{LoneRequest, Teller, table};

/// More than anybody reads; the sums hold all of them.
const MOST: u32 = 1000;

const NO_EVENT: &str = "WITH {PICKED}, {EVENT_SPANS} SELECT r.*, {PLACE_OF_EVENT} AS place FROM request r \
    WHERE r.witnesses & 1 = 0 AND r.retracted = 0 AND r.session IN picked ORDER BY r.at LIMIT ?2";
const NO_LINE: &str = "WITH {PICKED}, {FILE_SPANS} SELECT r.*, {PLACE_OF_LINE} AS place FROM request r \
    WHERE r.witnesses & 4 = 0 AND r.source < 2 AND r.retracted = 0 AND r.session IN picked \
    ORDER BY r.at LIMIT ?2";

/// The requests of a session that events do not tell of, or transcripts do not, in order of time.
pub(super) async fn requests(
    view: &mut SqliteConnection,
    case: &Case,
    models: &Models,
    losses: &Losses,
) -> sqlx::Result<Vec<LoneRequest>> {
    let mut all = Vec::new();
    // Without any event nothing lies anywhere to them.
    let no_events = (!case.has_events).then(|| losses.silent(case));
    let sides = [(NO_EVENT, no_events, Teller::Transcripts), (NO_LINE, None, Teller::Events)];
    for (statement, silent, teller) in sides {
        let query = sqlx::query(AssertSqlSafe(filled(statement)));
        let rows = query.bind(json([case.row.id])).bind(MOST).fetch_all(&mut *view).await?;
        for row in &rows {
            let place = Place::of_code(row.try_get("place")?);
            let request = table::request::read(row)?;
            let Some(model) = models.get(&request.model) else { continue };
            all.push(LoneRequest {
                key: request.key,
                teller,
                at: request.at,
                model: model.clone(),
                source: request.source,
                agent: request.agent.map(plimsoll_domain::AgentId::new),
                tokens: request.tokens,
                reason: silent.or_else(|| losses.reason(place)),
            });
        }
    }
    all.sort_by_key(|request| request.at);
    Ok(all)
}

#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    [NO_EVENT, NO_LINE].map(filled).to_vec()
}
