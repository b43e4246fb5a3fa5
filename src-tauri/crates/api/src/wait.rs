//! `GET /api/v1/sessions/{id}/wait`: answers when a context has come so far.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use plimsoll_domain::{Level, SessionId};
use plimsoll_watch::{Gauge, SessionView, Snapshot};
use tokio::time::{Instant, timeout_at};

use crate::{
    Shared,
    dto::{Context, SessionContext, Waited},
    error::ApiError,
    query::{Params, refuse},
    sessions::{books, find, read_id},
    snapshot::newest,
};

/// How long is waited unless the caller says otherwise, and at most.
const PATIENCE: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(600);

/// What is waited for: whichever comes first.
#[derive(Debug, Default, PartialEq, Eq)]
struct Goal {
    level: Option<Level>,
    /// In permille of the way to the line.
    way: Option<u64>,
    tokens_left: Option<u64>,
    turns_left: Option<u32>,
}

impl Goal {
    fn read(params: &Params) -> Result<Self, ApiError> {
        let goal = Self {
            level: params.text("level").map(level).transpose()?,
            way: params.text("used_pct").map(percent).transpose()?,
            tokens_left: number(params, "tokens_left")?,
            turns_left: number(params, "turns_left")?,
        };
        if goal == Self::default() {
            return Err(refuse(
                "Say what to wait for: level, used_pct, tokens_left or turns_left, or several.",
            ));
        }
        Ok(goal)
    }

    fn is_reached(&self, gauge: &Gauge) -> bool {
        let turns = gauge.forecast.map(|forecast| forecast.turns.likely);
        self.level.is_some_and(|level| gauge.level >= Some(level))
            || self.way.is_some_and(|way| gauge.permille() >= way)
            || self.tokens_left.is_some_and(|left| gauge.headroom() <= left)
            || self.turns_left.is_some_and(|left| turns.is_some_and(|turns| turns <= left))
    }
}

/// Answers when the goal is reached, the session has ended, or the time is over.
pub(crate) async fn wait(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<String>, PathRejection>,
    params: Params,
) -> Result<Response, ApiError> {
    let id = read_id(path)?;
    let goal = Goal::read(&params)?;
    let patience = patience(params.text("timeout"))?;
    let mut snapshots = shared.api.snapshots.clone();
    // What was sent before the question counts, also where nothing is waited for.
    if find(&*newest(&shared.api).await, &id).is_none() && params.text("expect") != Some("true") {
        books(&shared, &id).await?;
    }
    let over = |snapshot: &Arc<Snapshot>| outcome(find(snapshot, &id), &goal).is_some();
    let waiting = timeout_at(Instant::now() + patience, snapshots.wait_for(over));
    // The time is over, or the resident closes: as far as it has come.
    let _ = shared.api.closing.run_until_cancelled(waiting).await;
    let snapshot = Arc::clone(&shared.api.snapshots.borrow());
    Ok(answer(&id, find(&snapshot, &id), &goal))
}

/// What waiting has come to; `None` while it goes on.
fn outcome(view: Option<&Arc<SessionView>>, goal: &Goal) -> Option<&'static str> {
    let view = view?;
    if view.gauge.as_ref().is_some_and(|gauge| goal.is_reached(gauge)) {
        return Some("reached");
    }
    view.left.is_some().then_some("ended")
}

fn answer(id: &SessionId, view: Option<&Arc<SessionView>>, goal: &Goal) -> Response {
    let outcome = outcome(view, goal).unwrap_or("timeout");
    let gauge = view.and_then(|view| view.gauge.as_ref());
    let context = gauge
        .map(|gauge| SessionContext { session_id: id.as_str(), context: Context::from(gauge) });
    Json(Waited { outcome, context }).into_response()
}

fn level(name: &str) -> Result<Level, ApiError> {
    Level::from_name(name).ok_or_else(|| refuse("`level` must be notice, checkpoint or urgent."))
}

/// A percentage with at most one decimal, in permille.
fn percent(text: &str) -> Result<u64, ApiError> {
    let (whole, tenth) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let permille = || {
        let whole = whole.parse::<u64>().ok()?.checked_mul(10)?;
        whole.checked_add(tenth.parse::<u64>().ok()?)
    };
    let read = (tenth.len() == 1 && digits(whole) && digits(tenth)).then(permille).flatten();
    read.ok_or_else(|| refuse("`used_pct` must be a percentage such as 80 or 92.5."))
}

fn number<T: std::str::FromStr>(params: &Params, name: &str) -> Result<Option<T>, ApiError> {
    let read = |text: &str| {
        text.parse().map_err(|_| refuse(&format!("`{name}` must be a whole number from 0.")))
    };
    params.text(name).map(read).transpose()
}

/// Seconds, with or without `s`.
fn patience(text: Option<&str>) -> Result<Duration, ApiError> {
    let Some(text) = text else { return Ok(PATIENCE) };
    let seconds = text.strip_suffix('s').unwrap_or(text).parse().ok().map(Duration::from_secs);
    seconds
        .filter(|patience| *patience <= LONGEST)
        .ok_or_else(|| refuse("`timeout` must be a whole number of seconds from 0 to 600."))
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::{Estimate, Forecast};

    use super::*;
    use crate::fixture;

    fn goal(level: Option<Level>, way: u64, tokens: u64, turns: u32) -> Goal {
        Goal { level, way: Some(way), tokens_left: Some(tokens), turns_left: Some(turns) }
    }

    /// Scenario: a context of 151,203 of 167,000 tokens at the checkpoint level with four turns left; goals just
    /// short of it and just reached, each alone.
    /// Guarantees: each is reached exactly where it should; turns only where they are known.
    #[test]
    fn whichever_comes_first_is_waited_for() {
        let turns = Estimate { low: 3, likely: 4, high: 6 };
        let gauge =
            Gauge { forecast: Some(Forecast { turns, minutes: turns }), ..fixture::gauge(151_203) };
        let none = || goal(Some(Level::Urgent), 906, 15_796, 3);
        assert!(!none().is_reached(&gauge));
        for reached in [
            Goal { level: Some(Level::Checkpoint), ..none() },
            Goal { way: Some(905), ..none() },
            Goal { tokens_left: Some(15_797), ..none() },
            Goal { turns_left: Some(4), ..none() },
        ] {
            assert!(reached.is_reached(&gauge), "{reached:?}");
        }
        let unknown = Gauge { forecast: None, ..gauge };
        assert!(!Goal { turns_left: Some(400), ..none() }.is_reached(&unknown));
    }

    /// Scenario: a session that goes on, one that was left, one that was left beyond the goal, one not there.
    /// Guarantees: what was reached counts before the end; what is not there is waited for.
    #[test]
    fn an_end_ends_the_wait() {
        let far = Goal { way: Some(999), ..Goal::default() };
        let near = Goal { way: Some(800), ..Goal::default() };
        let going = Arc::new(fixture::view("one"));
        let left = Arc::new(SessionView { left: Some(fixture::NOON), ..fixture::view("one") });
        assert_eq!(outcome(Some(&going), &far), None);
        assert_eq!(outcome(Some(&left), &far), Some("ended"));
        assert_eq!(outcome(Some(&left), &near), Some("reached"));
        assert_eq!(outcome(None, &near), None);
    }

    /// Scenario: percentages and times as people write them, and as they should not.
    /// Guarantees: one decimal at most, seconds up to ten minutes; the rest is refused.
    #[test]
    fn parameters_are_read() {
        assert_eq!(percent("80").ok(), Some(800));
        assert_eq!(percent("92.5").ok(), Some(925));
        for wrong in ["", "80%", "-1", "92.55", ".5", "1e3", "+8"] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
        assert_eq!(patience(Some("60s")).ok(), Some(Duration::from_secs(60)));
        assert_eq!(patience(Some("0")).ok(), Some(Duration::ZERO));
        assert!(patience(Some("601")).is_err() && patience(Some("1m")).is_err());
    }
}
