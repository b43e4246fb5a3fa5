//! What happened in sessions besides requests.
//!
//! | kind | name | a | b | c |
//! |---|---|---|---|---|
//! | 1 prompt | built-in command | length in characters | | |
//! | 2 tool | tool | duration in ms | result in bytes | 1 success + 2 in a subagent + 4 success not told; NULL: 4 |
//! | 3 compaction | | estimate before | estimate after | 1 manual + 2 success + 4 x witness |
//! | 4 subagent completed | type | occupancy | duration in ms | |
//! | 5 API error | model | status | attempts | |
//! | 6 beginning | | how | | |
//! | 7 end | | why | | |
//! | 8 text that went into a context | subagent | bytes | what | |

use std::sync::Arc;

use plimsoll_domain::{
    AgentId, ApiError, Compaction, CompactionTrigger, ContentKind, ContentSize, End, Life, Start,
    Statement as Said, SubagentCompleted, Timestamp, ToolResult, UserPrompt, Witness,
};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};
use xxhash_rust::xxh3::xxh3_64;

use super::{Rows, Script, Values, count, stored, text, time};
use crate::ActivityKind;

/// Identity of an event: its time and a hash over the rest.
pub(crate) type EventKey = (i64, i64);

/// A row of `event`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventRow {
    pub(crate) key: EventKey,
    pub(crate) session: i64,
    pub(crate) process: Option<i64>,
    pub(crate) arrived: Timestamp,
    pub(crate) what: What,
}

/// What happened, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct What {
    kind: i64,
    name: Option<Arc<str>>,
    a: Option<i64>,
    b: Option<i64>,
    c: Option<i64>,
}

static INSERT: Rows = Rows::new(
    "INSERT INTO event (time, hash, session, process, kind, arrived, name, a, b, c) VALUES",
    10,
    "ON CONFLICT DO NOTHING",
);
static FIND: Rows = Rows::new("SELECT time, hash FROM event WHERE (time, hash) IN (VALUES", 2, ")");

/// Writes rows whose keys are not known; which the script expects all to be new.
pub(crate) fn insert(script: &mut Script, rows: &[EventRow]) {
    script.add(&INSERT, rows, |values, row| {
        values
            .bind(row.key.0)
            .bind(row.key.1)
            .bind(row.session)
            .bind(row.process)
            .bind(row.what.kind)
            .bind(row.arrived.nanos())
            .bind(row.what.name.clone())
            .bind(row.what.a)
            .bind(row.what.b)
            .bind(row.what.c)
    });
}

/// Which of the given keys are known.
pub(crate) async fn find(
    connection: &mut SqliteConnection,
    keys: &[EventKey],
) -> sqlx::Result<Vec<EventKey>> {
    let rows = FIND.find(connection, keys, bind_key).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

fn bind_key(values: Values, key: &EventKey) -> Values {
    values.bind(key.0).bind(key.1)
}

impl What {
    /// What is stored of a statement; `None` for those that have tables of their own.
    pub(crate) fn of(said: &Said, witness: Witness) -> Option<Self> {
        let what = |kind, name: Option<Arc<str>>, a: Option<u64>, b: Option<u64>, c| {
            Some(Self { kind, name, a: a.map(stored), b: b.map(stored), c })
        };
        match said {
            Said::Prompt(UserPrompt { length, command, .. }) => {
                what(1, command.clone(), *length, None, None)
            }
            Said::Tool(ToolResult { tool, success, duration_ms, result_bytes, agent }) => {
                let c = match (success, agent) {
                    (success, None) => success.map(i64::from),
                    (success, Some(_)) => Some(IN_SUBAGENT | success.map_or(NOT_TOLD, i64::from)),
                };
                what(2, Some(tool.clone()), *duration_ms, *result_bytes, c)
            }
            Said::Compaction(Compaction { trigger, success, before, after }) => {
                let manual = i64::from(*trigger == CompactionTrigger::Manual);
                let c = manual + 2 * i64::from(*success) + 4 * witness.code();
                what(3, None, *before, *after, Some(c))
            }
            Said::SubagentCompleted(SubagentCompleted {
                agent_type,
                total_tokens,
                duration_ms,
            }) => what(4, agent_type.clone(), *total_tokens, *duration_ms, None),
            Said::ApiError(ApiError { model, status, attempts }) => {
                what(5, model.as_ref().map(|model| model.as_str().into()), *status, *attempts, None)
            }
            Said::Life(Life::Started(how)) => {
                what(6, None, Some(code_of(&STARTS, *how)), None, None)
            }
            Said::Life(Life::Ended(why)) => what(7, None, Some(code_of(&ENDS, *why)), None, None),
            Said::Size(ContentSize { agent, kind, bytes }) => {
                let agent = agent.as_ref().map(|agent| agent.as_str().into());
                what(8, agent, Some(*bytes), Some(code_of(&KINDS, *kind)), None)
            }
            Said::Request(_)
            | Said::Usage(_)
            | Said::Counter(_)
            | Said::Project(_)
            | Said::Totals(_)
            | Said::Status(_)
            | Said::Heard(_) => None,
        }
    }

    /// A hash over what happened and where, stable across runs and versions.
    pub(crate) fn hash(&self, session: &str, sequence: Option<u64>) -> i64 {
        let name = self.name.as_deref().unwrap_or("");
        // Earlier versions did not know who called a tool.
        let c = match (self.kind, self.c) {
            (2, Some(c)) if c & NOT_TOLD != 0 => None,
            (2, Some(c)) => Some(c & !IN_SUBAGENT),
            (_, c) => c,
        };
        let rest = (self.kind, sequence, self.a, self.b, c);
        xxh3_64(format!("{session}\0{name}\0{rest:?}").as_bytes()).cast_signed()
    }

    /// What subscribers are told of it; `None` for kinds that a later version wrote.
    pub(crate) fn activity(&self) -> Option<ActivityKind> {
        let (a, b) = (self.a.map(count), self.b.map(count));
        let c = self.c.unwrap_or(0);
        Some(match self.kind {
            1 => ActivityKind::Prompt { command: self.name.clone() },
            2 => ActivityKind::Tool {
                tool: self.name.clone()?,
                result_bytes: b,
                subagent: c & IN_SUBAGENT != 0,
            },
            3 => {
                let manual = c & 1 == 1;
                let trigger =
                    if manual { CompactionTrigger::Manual } else { CompactionTrigger::Auto };
                let compaction = Compaction { trigger, success: c & 2 == 2, before: a, after: b };
                ActivityKind::Compaction(compaction, Witness::from_code(c >> 2)?)
            }
            4 => ActivityKind::SubagentCompleted { agent_type: self.name.clone(), total_tokens: a },
            5 => ActivityKind::ApiError { status: a },
            6 => ActivityKind::Life(Life::Started(of_code(&STARTS, a)?)),
            7 => ActivityKind::Life(Life::Ended(of_code(&ENDS, a)?)),
            8 => ActivityKind::Size(ContentSize {
                agent: self.name.clone().map(AgentId::new),
                kind: of_code(&KINDS, b)?,
                bytes: a?,
            }),
            _ => return None,
        })
    }
}

/// Of a tool call, in c.
const IN_SUBAGENT: i64 = 2;
const NOT_TOLD: i64 = 4;

/// The stored number of each is its place.
const STARTS: [Start; 5] =
    [Start::Startup, Start::Resume, Start::Clear, Start::Compact, Start::Fork];
const ENDS: [End; 3] = [End::Clear, End::Resume, End::Exit];
const KINDS: [ContentKind; 4] =
    [ContentKind::Prompt, ContentKind::ToolInput, ContentKind::ToolResult, ContentKind::Answer];

fn code_of<T: Copy + PartialEq>(all: &[T], one: T) -> u64 {
    all.iter().zip(0..).find(|(known, _)| **known == one).map_or(u64::MAX, |(_, code)| code)
}

fn of_code<T: Copy>(all: &[T], code: Option<u64>) -> Option<T> {
    all.get(usize::try_from(code?).ok()?).copied()
}

/// Reads what happened from a row of `event`.
pub(crate) fn read(row: &SqliteRow) -> sqlx::Result<EventRow> {
    Ok(EventRow {
        key: (row.try_get("time")?, row.try_get("hash")?),
        session: row.try_get("session")?,
        process: row.try_get("process")?,
        arrived: time(row, "arrived")?,
        what: What {
            kind: row.try_get("kind")?,
            name: text(row, "name")?,
            a: row.try_get("a")?,
            b: row.try_get("b")?,
            c: row.try_get("c")?,
        },
    })
}

#[cfg(test)]
pub(crate) static ROWS: &[&Rows] = &[&INSERT, &FIND];

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: tool calls of the main thread and of a subagent, that succeeded, failed, or told neither.
    /// Guarantees: each is read back as whose it is; the main thread's are stored as earlier versions did, and all have
    /// the identity that those gave them, so that none is taken for another when it is told again.
    #[test]
    fn a_tool_call_is_its_threads() {
        for success in [None, Some(false), Some(true)] {
            let call = |agent: Option<&str>| {
                let call = ToolResult {
                    tool: "Bash".into(),
                    success,
                    duration_ms: Some(38),
                    result_bytes: Some(15),
                    agent: agent.map(AgentId::new),
                };
                What::of(&Said::Tool(call), Witness::Event).unwrap()
            };
            let former = What { c: success.map(i64::from), ..call(None) };
            for (what, subagent) in [(call(None), false), (call(Some("a-1")), true)] {
                let tool =
                    ActivityKind::Tool { tool: "Bash".into(), result_bytes: Some(15), subagent };
                assert_eq!(what.activity(), Some(tool), "{success:?}");
                assert_eq!(what.hash("s", Some(7)), former.hash("s", Some(7)), "{success:?}");
            }
            assert_eq!(call(None), former);
        }
        let hash = |c| What { kind: 2, name: None, a: None, b: None, c }.hash("s", None);
        assert_ne!(hash(Some(0)), hash(Some(1)));
        assert_ne!(hash(None), hash(Some(0)));
    }
}
