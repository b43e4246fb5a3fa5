//! The limits of the user's plan.

use plimsoll_domain::{RateLimit, StatusReport, Timestamp};

use crate::{PlanLimits, ToldLimit};

/// The limits as the status lines of all sessions tell them: they are of the account.
#[derive(Debug, Default)]
pub(crate) struct Plan(PlanLimits);

impl Plan {
    /// Takes in what a status line tells.
    pub(crate) fn tell(&mut self, report: &StatusReport, at: Timestamp) {
        tell(&mut self.0.five_hour, report.five_hour, at);
        tell(&mut self.0.seven_day, report.seven_day, at);
    }

    /// Forgets the limits that have begun anew: what was told of them is no longer so.
    pub(crate) fn forget(&mut self, now: Timestamp) {
        let current = |told: Option<ToldLimit>| told.filter(|told| told.limit.resets > now);
        let PlanLimits { five_hour, seven_day } = self.0;
        self.0 = PlanLimits { five_hour: current(five_hour), seven_day: current(seven_day) };
    }

    /// What is known of them.
    pub(crate) fn limits(&self) -> PlanLimits {
        self.0
    }

    /// When the next of them begins anew.
    pub(crate) fn resets(&self) -> Option<Timestamp> {
        let known = [self.0.five_hour, self.0.seven_day].into_iter().flatten();
        known.map(|told| told.limit.resets).min()
    }
}

fn tell(known: &mut Option<ToldLimit>, limit: Option<RateLimit>, told: Timestamp) {
    if let Some(limit) = limit
        && known.is_none_or(|known| known.told <= told)
    {
        *known = Some(ToldLimit { limit, told });
    }
}
