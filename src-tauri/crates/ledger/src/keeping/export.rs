//! Everything that was used, row by row: requests, what only metrics know, and sums of what was pruned. The rows of
//! a span add up to its report.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use plimsoll_domain::{
    Model, NanoUsd, Quarter, QuerySource, SessionId, Timestamp, Tokens, Witness, Witnesses,
    calendar::rfc3339,
};
use sqlx::{Connection as _, Row as _, SqliteConnection, sqlite::SqliteRow};

use super::LedgerFile;
use crate::{
    LedgerError, RecordFilter, Usage, UsageRecord,
    query::{record, records_in},
    table::{count, request, text, time, tokens},
};

/// Usage records that are held at once.
const PAGE: u32 = 500;

const REQUESTS: &str = "SELECT r.*, 1 AS requests, s.name AS session_name, s.project AS project, \
    m.name AS model_name FROM request r JOIN session s ON s.id = r.session \
    JOIN model m ON m.id = r.model WHERE r.retracted = 0 AND (?1 IS NULL OR s.name = ?1) \
    AND (?2 IS NULL OR r.at >= ?2) AND (?3 IS NULL OR r.at < ?3) ORDER BY r.revision";
const UNATTRIBUTED: &str = "SELECT q.*, s.name AS session_name, s.project AS project, \
    m.name AS model_name FROM quarter q JOIN session s ON s.id = q.session \
    JOIN model m ON m.id = q.model \
    WHERE q.side = 2 AND q.input + q.output + q.cache_read + q.cache_creation + q.cost > 0 \
    AND (?1 IS NULL OR s.name = ?1) AND (?2 IS NULL OR q.quarter * 900000000000 >= ?2) \
    AND (?3 IS NULL OR q.quarter * 900000000000 < ?3) ORDER BY q.quarter";
const PRUNED: &str = "SELECT q.*, s.name AS session_name, s.project AS project, \
    m.name AS model_name FROM pruned_use q JOIN session s ON s.id = q.session \
    JOIN model m ON m.id = q.model \
    WHERE (?1 IS NULL OR s.name = ?1) AND (?2 IS NULL OR q.quarter * 900000000000 >= ?2) \
    AND (?3 IS NULL OR q.quarter * 900000000000 < ?3) ORDER BY q.quarter";

/// What a row tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UseKind {
    /// One API request.
    Request,
    /// What only metrics know of a session's use of a model in a quarter of an hour.
    Unattributed,
    /// The requests of a session, model and quarter of an hour that were pruned.
    Pruned,
}

/// A row: a request, or a sum over a quarter of an hour that has no request to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// What it tells of.
    pub kind: UseKind,
    /// What was used. A sum has no revision.
    pub record: UsageRecord,
    /// Where the session works.
    pub project: Option<Arc<str>>,
    /// How many requests it stands for: 1, and for sums as many as were pruned.
    pub requests: u64,
}

/// Which use is asked for. Sums lie in their quarter's first moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UseFilter {
    /// Of this session only.
    pub session: Option<SessionId>,
    /// At or after this time.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
}

impl LedgerFile {
    /// Hands over everything that was used, from one view of the file: requests in order of revision, then sums in
    /// order of time. Of any number of rows only few are held at once.
    ///
    /// # Errors
    /// When the file cannot be read, or `take` fails.
    pub async fn each_use<E: From<LedgerError>>(
        &mut self,
        filter: &UseFilter,
        mut take: impl FnMut(&Use) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut view = self.connection.begin().await.map_err(LedgerError::Read)?;
        for kind in [UseKind::Request, UseKind::Unattributed, UseKind::Pruned] {
            each_of_kind(&mut view, kind, filter, &mut take).await?;
        }
        view.rollback().await.map_err(LedgerError::Read)?;
        Ok(())
    }

    /// Hands over usage records as [`crate::Ledger::usage_records`] gives them, all of them, from one view of the
    /// file.
    ///
    /// # Errors
    /// When the file cannot be read, or `take` fails.
    pub async fn each_record<E: From<LedgerError>>(
        &mut self,
        filter: &UseFilter,
        mut take: impl FnMut(&UsageRecord) -> Result<(), E>,
    ) -> Result<(), E> {
        let UseFilter { session, from, to } = filter.clone();
        let mut page = RecordFilter { session, from, to, limit: PAGE, ..RecordFilter::default() };
        let mut view = self.connection.begin().await.map_err(LedgerError::Read)?;
        loop {
            let records = records_in(&mut view, &page).await.map_err(LedgerError::Read)?;
            let Some(last) = records.last() else { break };
            page.after = last.revision;
            records.iter().try_for_each(&mut take)?;
        }
        view.rollback().await.map_err(LedgerError::Read)?;
        Ok(())
    }
}

async fn each_of_kind<E: From<LedgerError>>(
    view: &mut SqliteConnection,
    kind: UseKind,
    filter: &UseFilter,
    take: &mut impl FnMut(&Use) -> Result<(), E>,
) -> Result<(), E> {
    let statement = match kind {
        UseKind::Request => REQUESTS,
        UseKind::Unattributed => UNATTRIBUTED,
        UseKind::Pruned => PRUNED,
    };
    let mut rows = sqlx::query(statement)
        .bind(filter.session.as_ref().map(|session| session.as_str().to_owned()))
        .bind(filter.from.map(Timestamp::nanos))
        .bind(filter.to.map(Timestamp::nanos))
        .fetch(view);
    while let Some(row) = rows.try_next().await.map_err(LedgerError::Read)? {
        take(&read(&row, kind).map_err(LedgerError::Read)?)?;
    }
    Ok(())
}

fn read(row: &SqliteRow, kind: UseKind) -> sqlx::Result<Use> {
    let session = row.try_get::<String, _>("session_name")?.into();
    let model = Model::parse(&row.try_get::<String, _>("model_name")?).0;
    let record = match kind {
        UseKind::Request => record::request(&request::read(row)?, &session, model),
        UseKind::Unattributed => UsageRecord {
            from: Some(time(row, "first_at")?),
            at: time(row, "last_at")?,
            ..sum(row, kind, (session, model))?
        },
        UseKind::Pruned => sum(row, kind, (session, model))?,
    };
    Ok(Use {
        kind,
        record,
        project: text(row, "project")?,
        requests: count(row.try_get("requests")?),
    })
}

/// A sum over a quarter of an hour.
fn sum(
    row: &SqliteRow,
    kind: UseKind,
    (session, model): (Arc<str>, Model),
) -> sqlx::Result<UsageRecord> {
    let quarter = Quarter(row.try_get("quarter")?);
    let source = QuerySource::from_code(row.try_get("source")?);
    let (name, witness) = match kind {
        UseKind::Unattributed => ("unattributed", Some(Witness::Metric)),
        UseKind::Request | UseKind::Pruned => ("pruned", None),
    };
    let start = rfc3339(quarter.start());
    Ok(UsageRecord {
        key: format!("~{name}:{session}:{model}:{}:{start}", source.name()).into(),
        request: None,
        session: (!session.is_empty()).then(|| SessionId::new(session)),
        process: None,
        agent: None,
        agent_name: None,
        source,
        subsystem: None,
        model,
        tokens: tokens(row)?,
        cost: known_cost(row, tokens(row)?)?,
        cost_by_table: false,
        finished: None,
        orchestration: None,
        duration_ms: None,
        at: Timestamp::from_stored(Quarter(quarter.0 + 1).start().nanos() - 1),
        from: Some(quarter.start()),
        witnesses: witness.map_or(Witnesses::default(), Witnesses::only),
        revision: plimsoll_domain::Revision::default(),
    })
}

fn known_cost(row: &SqliteRow, tokens: Tokens) -> sqlx::Result<Option<NanoUsd>> {
    let usage = Usage {
        tokens,
        cost: NanoUsd(row.try_get("cost")?),
        requests: count(row.try_get("requests")?),
        unpriced: count(row.try_get("unpriced")?),
        unattributed: Tokens::ZERO,
    };
    Ok(usage.known_cost())
}

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[REQUESTS, UNATTRIBUTED, PRUNED];
