//! The compactions of one session.

use std::{collections::VecDeque, sync::Arc};

use futures_util::TryStreamExt as _;
use plimsoll_domain::{AgentId, CompactionRecord, Level, Model, QuerySource, SessionId, Timestamp};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use super::{
    course::{Course, Request, ThreadId},
    summaries::{SLACK, Summaries, Summary},
    tellings::{self, Compacted},
    thread::Cycle,
};
use crate::table::{checkpoint, maybe_cost, maybe_count, model, text, time, tokens};

// In the order in which `watch` takes them: the smaller context first. A request without any tokens tells nothing of a
// context: some gateways report none.
const REQUESTS: &str = "SELECT key, at, process, agent, source, model, input, output, cache_read, \
    cache_creation, COALESCE(cost, price) AS cost, duration_ms FROM request \
    WHERE session = ? AND retracted = 0 AND (subsystem = 'compact' \
    OR (source < 2 AND input + output + cache_read + cache_creation > 0)) \
    ORDER BY at, input + output + cache_read + cache_creation";
const ALERTS: &str = "SELECT process, agent, level, at FROM alert WHERE session = ?";
const VERSION: &str = "SELECT client_version FROM process WHERE id = ?";

/// A session, as its compactions need it.
pub(super) struct Session {
    pub(super) number: i64,
    pub(super) name: Arc<str>,
    pub(super) project: Option<Arc<str>>,
    /// The client's version, as last told.
    pub(super) client_version: Option<Arc<str>>,
}

/// A compaction, and what the requests tell of it.
struct Found {
    compacted: Compacted,
    thread: ThreadId,
    cycle: Cycle,
    after: Option<u64>,
    summary: Option<Summary>,
}

/// What an alert of the session says.
struct Reached {
    thread: ThreadId,
    level: Level,
    at: Timestamp,
}

/// Something that a request of the session was.
enum Step {
    Request(Request),
    Summary(Summary),
}

/// The session's requests as they are walked through in order of time.
#[derive(Default)]
struct Walk {
    course: Course,
    summaries: Summaries,
    /// Compactions that are still to come.
    ahead: VecDeque<Compacted>,
    found: Vec<Found>,
}

impl Session {
    /// Its compactions that were told before a time, in order.
    pub(super) async fn compactions(
        &self,
        view: &mut SqliteConnection,
        until: Timestamp,
    ) -> sqlx::Result<Vec<CompactionRecord>> {
        let ahead: VecDeque<_> = tellings::of_session(view, self.number, until).await?.into();
        if ahead.is_empty() {
            return Ok(Vec::new());
        }
        let mut walk = Walk { ahead, ..Walk::default() };
        // Row by row: a long session has tens of thousands.
        let mut rows = sqlx::query(REQUESTS).bind(self.number).fetch(&mut *view);
        while let Some(row) = rows.try_next().await? {
            let (at, step) = step(&row)?;
            walk.go_to(at);
            if walk.is_over(at) {
                break;
            }
            walk.take(step);
        }
        drop(rows);
        walk.go_to(Timestamp::from_stored(i64::MAX));
        let alerts = alerts(view, self.number).await?;
        let checkpoints = checkpoint::times(view, self.number).await?;
        let mut records = Vec::new();
        for found in walk.found {
            records.push(self.record(view, found, (&alerts, &checkpoints)).await?);
        }
        Ok(records)
    }

    async fn record(
        &self,
        view: &mut SqliteConnection,
        found: Found,
        (alerts, checkpoints): (&[Reached], &[Timestamp]),
    ) -> sqlx::Result<CompactionRecord> {
        let Found { compacted, thread, cycle, after, summary } = found;
        let model = match cycle.model {
            Some(number) => Some(Model::parse(&model::name_of(view, number).await?).0),
            None => None,
        };
        let process = thread.process.or(compacted.process.map(|process| process.0));
        let told = sqlx::query(VERSION).bind(process).fetch_optional(&mut *view).await?;
        let version = told.map(|row| text(&row, "client_version")).transpose()?.flatten();
        let in_cycle = |at: Timestamp| {
            at <= compacted.at && cycle.began.is_none_or(|compacted| at > compacted)
        };
        let spoke = alerts.iter().filter(|one| in_cycle(one.at) && one.is_of(&thread));
        Ok(CompactionRecord {
            session: SessionId::new(Arc::clone(&self.name)),
            project: self.project.clone(),
            alerted: spoke.map(|one| one.level).max(),
            agent: thread.agent.map(AgentId::new),
            client_version: version.or_else(|| self.client_version.clone()),
            model,
            at: compacted.at,
            trigger: compacted.trigger,
            before: cycle.before,
            passed: cycle.passed,
            estimate_before: compacted.before,
            estimate_after: compacted.after,
            after,
            request: summary.as_ref().map(|summary| Arc::clone(&summary.request)),
            cost: summary.as_ref().and_then(|summary| summary.cost),
            duration_ms: summary.and_then(|summary| summary.duration_ms),
            checkpoint: checkpoints.iter().copied().rfind(|at| in_cycle(*at)),
        })
    }
}

impl Walk {
    /// Takes in the compactions before a time.
    fn go_to(&mut self, at: Timestamp) {
        while let Some(compacted) = self.ahead.pop_front_if(|next| next.at < at) {
            let (thread, cycle) = self.course.compaction(&compacted, self.found.len());
            let summary = self.summaries.take(compacted.at, cycle.began);
            self.found.push(Found { compacted, thread, cycle, after: None, summary });
        }
    }

    /// Takes in what a request was.
    fn take(&mut self, step: Step) {
        match step {
            Step::Request(request) => {
                if let Some(found) = self.course.request(&request) {
                    self.found[found].after = Some(request.occupancy);
                }
            }
            Step::Summary(summary) => {
                let near = |found: &&mut Found| summary.at.since(found.compacted.at) <= SLACK;
                let mut lately = self.found.iter_mut().rev().take_while(near);
                match lately.find(|found| found.summary.is_none()) {
                    Some(found) => found.summary = Some(summary),
                    None => self.summaries.add(summary),
                }
            }
        }
    }

    /// Whether requests from a time on tell nothing that is asked for.
    fn is_over(&self, at: Timestamp) -> bool {
        let late = self.found.last().is_none_or(|last| at.since(last.compacted.at) > SLACK);
        late && self.ahead.is_empty() && !self.course.is_awaiting()
    }
}

impl Reached {
    /// Whether it is of a thread, as far as the process is known of both. A session that is resumed has another process,
    /// and goes on in its cycle.
    fn is_of(&self, thread: &ThreadId) -> bool {
        let same_process = match (self.thread.process, thread.process) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        self.thread.agent == thread.agent && (thread.agent.is_none() || same_process)
    }
}

async fn alerts(view: &mut SqliteConnection, session: i64) -> sqlx::Result<Vec<Reached>> {
    let mut all = Vec::new();
    for row in sqlx::query(ALERTS).bind(session).fetch_all(view).await? {
        let Some(level) = Level::from_code(row.try_get("level")?) else { continue };
        let process = Some(row.try_get("process")?).filter(|process| *process != 0);
        let agent = text(&row, "agent")?.filter(|agent| !agent.is_empty());
        all.push(Reached { thread: ThreadId { process, agent }, level, at: time(&row, "at")? });
    }
    Ok(all)
}

/// What a row of `request` was, and when.
fn step(row: &SqliteRow) -> sqlx::Result<(Timestamp, Step)> {
    let at = time(row, "at")?;
    let source = QuerySource::from_code(row.try_get("source")?);
    if source == QuerySource::Auxiliary {
        return Ok((
            at,
            Step::Summary(Summary {
                at,
                request: row.try_get::<String, _>("key")?.into(),
                cost: maybe_cost(row, "cost")?,
                duration_ms: maybe_count(row, "duration_ms")?,
            }),
        ));
    }
    let is_subagent = source == QuerySource::Subagent;
    let agent = text(row, "agent")?.filter(|_| is_subagent);
    let request = Request {
        at,
        stray: is_subagent && agent.is_none(),
        thread: ThreadId { process: row.try_get("process")?, agent },
        model: row.try_get("model")?,
        occupancy: tokens(row)?.occupancy(),
    };
    Ok((at, Step::Request(request)))
}

#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    [REQUESTS, ALERTS, VERSION].map(String::from).to_vec()
}
