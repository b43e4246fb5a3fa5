//! What is told of beside the levels: found in what is known at a moment, owed once.

mod limits;
mod storm;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::Duration};

use plimsoll_domain::{NanoUsd, SessionId, Timestamp, Warning, WarningKind, Warnings};
use plimsoll_ledger::{Activity, ActivityKind, Commit};

use crate::{PlanLimits, Today, limits::ALERT_AGE};
use storm::Storm;

/// How long it is known what was owed: the longest period of any kind, and a day.
const KEPT: Duration = Duration::from_secs(8 * 24 * 60 * 60);

/// What a warning is owed once for.
type Name = (WarningKind, Option<SessionId>, Timestamp, bool);

/// Keeps a lookout for what the user wants to be warned of. A warning is owed while what shows it is fresh by event
/// time; that it was owed is known for the run, and beyond that by the ledger.
#[derive(Debug)]
pub(crate) struct Lookout {
    pub(crate) choice: Warnings,
    storm: Storm,
    /// When something was last used.
    last_use: Option<Timestamp>,
    owed: BTreeMap<Name, Timestamp>,
}

impl Lookout {
    /// A lookout that has seen nothing yet.
    pub(crate) fn new(choice: Warnings) -> Self {
        Self { choice, storm: Storm::default(), last_use: None, owed: BTreeMap::new() }
    }

    /// Takes a commit in.
    pub(crate) fn take(&mut self, commit: &Commit, now: Timestamp) {
        let mut refusals: Vec<&Activity> = commit.activities.iter().filter(is_refusal).collect();
        refusals.sort_by_key(|activity| activity.at);
        refusals.iter().for_each(|refusal| self.storm.refused(refusal.at, &refusal.session));
        self.last_use = self.last_use.max(used(commit, now));
    }

    /// The warnings that are owed now: those found here and `of_sessions`, as far as the user wants them.
    pub(crate) fn owed(
        &mut self,
        limits: PlanLimits,
        today: &Today,
        of_sessions: impl Iterator<Item = Warning>,
        now: Timestamp,
    ) -> Vec<Warning> {
        self.owed.retain(|_, at| now.since(*at) <= KEPT);
        let found = limits::near(limits, now).chain(self.cost(today)).chain(self.storm.warning());
        let mut owed = Vec::new();
        for warning in found.chain(of_sessions) {
            if self.wants(warning.kind) && now.since(warning.at) <= ALERT_AGE {
                let name = name(&warning);
                if self.owed.insert(name, warning.at).is_none() {
                    owed.push(warning);
                }
            }
        }
        owed
    }

    fn wants(&self, kind: WarningKind) -> bool {
        match kind {
            WarningKind::FiveHourLimit | WarningKind::SevenDayLimit => self.choice.limits,
            WarningKind::DailyCost => self.choice.daily_cost.is_some(),
            WarningKind::Silent => self.choice.silent,
            WarningKind::Errors => self.choice.errors,
            WarningKind::CacheBreak => self.choice.cache,
        }
    }

    /// The day's known cost has reached the sum. What shows it is the last use.
    fn cost(&self, today: &Today) -> Option<Warning> {
        let NanoUsd(cost) = today.usage.cost;
        self.choice.daily_cost.filter(|NanoUsd(sum)| cost >= *sum)?;
        Some(Warning {
            kind: WarningKind::DailyCost,
            session: None,
            period: today.from,
            amount: u64::try_from(cost).unwrap_or(0),
            at: self.last_use?,
            revision: None,
        })
    }
}

fn name(warning: &Warning) -> Name {
    (warning.kind, warning.session.clone(), warning.period, warning.is_used_up())
}

/// Whether the client gave up because the API refuses: too many requests, or overloaded.
fn is_refusal(activity: &&Activity) -> bool {
    matches!(activity.kind, ActivityKind::ApiError { status: Some(429 | 529) })
}

/// When a commit's use was: by what happened, or where it names nothing that did, by the last quarter of an hour.
fn used(commit: &Commit, now: Timestamp) -> Option<Timestamp> {
    let is_use = |activity: &&Activity| {
        matches!(activity.kind, ActivityKind::Request { .. } | ActivityKind::Metered { .. })
    };
    let told = commit.activities.iter().filter(is_use).map(|activity| activity.at).max();
    let quarter = commit.quarters.iter().map(|(quarter, _)| *quarter).max();
    told.or_else(|| quarter.map(|quarter| quarter.end().min(now)))
}
