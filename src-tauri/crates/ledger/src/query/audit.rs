//! The audit: what every witness tells of the same use, session by session, and why they differ.
//!
//! Sums are made by SQL, in a few passes over the file; only sessions in which something differs are looked at again.

mod case;
mod evidence;
mod judge;
mod load;
mod lone;
mod prices;
mod prompts;
mod readings;

use std::collections::HashMap;

use plimsoll_domain::{Model, Timestamp};
use sqlx::{Connection as _, Row as _, SqliteConnection};

use self::{case::Case, load::Choice};
use crate::{Audit, AuditFilter, LedgerError, LedgerFile};

const MODELS: &str = "SELECT id, name FROM model";

/// Models by number.
type Models = HashMap<i64, Model>;

/// Audits the sessions that a filter names, in one consistent view.
pub(crate) async fn audit(
    connection: &mut SqliteConnection,
    filter: &AuditFilter,
    now: Timestamp,
) -> sqlx::Result<Audit> {
    let mut view = connection.begin().await?;
    let audit = audit_in(&mut view, filter, now).await?;
    view.rollback().await?;
    Ok(audit)
}

impl LedgerFile {
    /// Audits the books as they are now, beside their writer or without one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn audit(
        &mut self,
        filter: &AuditFilter,
        now: Timestamp,
    ) -> Result<Audit, LedgerError> {
        audit(&mut self.connection, filter, now).await.map_err(LedgerError::Read)
    }
}

async fn audit_in(
    view: &mut SqliteConnection,
    filter: &AuditFilter,
    now: Timestamp,
) -> sqlx::Result<Audit> {
    let models = models(view).await?;
    let choice = Choice::of(filter);
    let mut cases = load::cases(view, &choice, now).await?;
    evidence::add(view, &mut cases).await?;
    prompts::add(view, &mut cases).await?;
    readings::add(view, &mut cases).await?;
    let mut prices = prices::checks(view, &choice, &cases, &models).await?;
    let mut sessions = Vec::new();
    for case in cases.into_values().filter(Case::tells_of_use) {
        let prices = prices.remove(&case.row.id).unwrap_or_default();
        let (mut session, lost) = judge::session(&case, &models, prices, now);
        if filter.session.is_some() {
            session.lone = lone::requests(view, &case, &models, &lost).await?;
        }
        sessions.push(session);
    }
    sessions.sort_by_key(|session| std::cmp::Reverse(session.last_arrival));
    Ok(Audit { as_of: now, sessions })
}

async fn models(view: &mut SqliteConnection) -> sqlx::Result<Models> {
    let rows = sqlx::query(MODELS).fetch_all(view).await?;
    let read = |row: &sqlx::sqlite::SqliteRow| {
        Ok((row.try_get(0)?, Model::parse(&row.try_get::<String, _>(1)?).0))
    };
    rows.iter().map(read).collect()
}

#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    let mut all = vec![MODELS.to_owned()];
    all.extend(load::statements());
    all.extend(evidence::statements());
    all.extend(prices::statements());
    all.extend(prompts::statements());
    all.extend(readings::statements());
    all.extend(lone::statements());
    all
}
