//! The limits of the plan that come near.

use plimsoll_domain::{Timestamp, Warning, WarningKind};

use crate::{PlanLimits, ToldLimit};

/// From here on a limit is near, in permille.
const NEAR: u64 = 900;

/// The limits that are near or used up. One that has begun anew since it was told is not.
pub(super) fn near(limits: PlanLimits, now: Timestamp) -> impl Iterator<Item = Warning> {
    let all = [
        (WarningKind::FiveHourLimit, limits.five_hour),
        (WarningKind::SevenDayLimit, limits.seven_day),
    ];
    all.into_iter().filter_map(move |(kind, told)| {
        let ToldLimit { limit, told } = told?;
        (limit.used_permille >= NEAR && limit.resets > now).then_some(Warning {
            kind,
            session: None,
            period: limit.resets,
            amount: limit.used_permille,
            at: told,
            revision: None,
        })
    })
}
