//! Warnings, on the wire.

use plimsoll_domain::{self as domain, Calendar, NanoUsd, SessionId, WarningKind};
use plimsoll_watch::Snapshot;
use serde::Serialize;

use super::{Permille, Time};

/// A warning, once a kind, session and period. Of the amounts only that of its kind is there.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Warning<'a> {
    revision: i64,
    #[cfg_attr(
        test,
        ts(
            type = "\"fiveHourLimit\" | \"sevenDayLimit\" | \"dailyCost\" | \"silent\" | \"errors\" | \"cacheBreak\""
        )
    )]
    kind: &'static str,
    /// The session; `null` for limits, costs and errors, which are of all.
    session_id: Option<&'a str>,
    project: Option<&'a str>,
    /// One sentence for people, with local times.
    message: String,
    /// When the limit begins anew, the local day began, telemetry last came, the first error or the request was.
    period: Time,
    /// How much of the limit is used.
    percent_of_limit: Option<Permille>,
    /// What the day has cost.
    cost_nano_usd: Option<u64>,
    cost_usd: Option<f64>,
    /// How many errors there were.
    errors: Option<u64>,
    /// What was sent anew because the cache had it no more.
    tokens: Option<u64>,
    at: Time,
}

impl<'a> Warning<'a> {
    /// A warning; the snapshot tells what its session is called.
    pub(crate) fn new(
        warning: &'a domain::Warning,
        snapshot: &'a Snapshot,
        calendar: &Calendar,
    ) -> Self {
        let session = warning.session.as_ref();
        let name = session.map(|session| snapshot.name(session));
        let project = session.and_then(|session| {
            let view = snapshot.sessions.iter().find(|view| view.session == *session)?;
            domain::text::folder(view.project.as_deref()?)
        });
        let of = |kinds: &[WarningKind]| kinds.contains(&warning.kind).then_some(warning.amount);
        let cost = of(&[WarningKind::DailyCost]);
        let usd = |nano: u64| i64::try_from(nano).ok().map(|nano| NanoUsd(nano).usd());
        Self {
            revision: warning.revision.unwrap_or_default().0,
            kind: warning.kind.name(),
            session_id: session.map(SessionId::as_str),
            project,
            message: warning.sentence(name.as_deref(), calendar),
            period: Time(warning.period),
            percent_of_limit: of(&[WarningKind::FiveHourLimit, WarningKind::SevenDayLimit])
                .map(Permille::new),
            cost_nano_usd: cost,
            cost_usd: cost.and_then(usd),
            errors: of(&[WarningKind::Errors]),
            tokens: of(&[WarningKind::CacheBreak]),
            at: Time(warning.at),
        }
    }
}

/// Warnings, the newest first. `next` is the `before` of the following page.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Warnings<'a> {
    pub(crate) warnings: Vec<Warning<'a>>,
    pub(crate) next: Option<i64>,
}
