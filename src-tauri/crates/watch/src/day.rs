//! What was used since local midnight.

use std::{collections::BTreeMap, sync::Arc};

use plimsoll_domain::{Calendar, Quarter, Timestamp};
use plimsoll_ledger::Usage;

use crate::Today;

/// The quarters of the present local day.
#[derive(Debug)]
pub(crate) struct Day {
    calendar: Calendar,
    zone: Arc<str>,
    from: Timestamp,
    until: Timestamp,
    quarters: BTreeMap<Quarter, Usage>,
}

impl Day {
    /// The day that holds `now`, without any use yet.
    pub(crate) fn new(calendar: Calendar, now: Timestamp) -> Self {
        Self {
            zone: calendar.zone_name().into(),
            from: calendar.day_start(now),
            until: calendar.next_day_start(now),
            calendar,
            quarters: BTreeMap::new(),
        }
    }

    /// Begins the day that holds `now`, where that is another one.
    pub(crate) fn roll(&mut self, now: Timestamp) {
        if now < self.from || self.until <= now {
            self.from = self.calendar.day_start(now);
            self.until = self.calendar.next_day_start(now);
            self.quarters.retain(|quarter, _| quarter.start() >= self.from);
        }
    }

    /// Takes in the use of a quarter as it now is; quarters before this day are not kept.
    pub(crate) fn set(&mut self, quarter: Quarter, usage: Usage) {
        if quarter.start() >= self.from {
            self.quarters.insert(quarter, usage);
        }
    }

    /// The sum.
    pub(crate) fn today(&self) -> Today {
        let of_today = self.quarters.iter().filter(|(quarter, _)| quarter.start() < self.until);
        Today {
            from: self.from,
            zone: Arc::clone(&self.zone),
            usage: of_today.fold(Usage::default(), |sum, (_, usage)| sum.plus(*usage)),
        }
    }

    /// The next local midnight.
    pub(crate) fn ends(&self) -> Timestamp {
        self.until
    }
}
