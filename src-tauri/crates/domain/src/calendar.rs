//! Calendar time: quarter hours for the roll-ups, local days for people.

use jiff::{ZonedDateTime, tz::TimeZone};

use crate::Timestamp;

/// A quarter of an hour, the grain of the roll-ups: every local day of every time zone in use begins at one.
/// Counted from the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quarter(pub i64);

impl Quarter {
    /// Length in nanoseconds.
    pub const NANOS: i64 = 15 * 60 * 1_000_000_000;

    /// The quarter that holds a time.
    #[must_use]
    pub const fn of(time: Timestamp) -> Self {
        Self(time.nanos() / Self::NANOS)
    }

    /// The quarter's first moment.
    #[must_use]
    pub const fn start(self) -> Timestamp {
        Timestamp::from_stored(self.0.saturating_mul(Self::NANOS))
    }

    /// The first moment after it.
    #[must_use]
    pub const fn end(self) -> Timestamp {
        Self(self.0.saturating_add(1)).start()
    }
}

/// Local calendar arithmetic in one time zone.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: TimeZone,
}

impl Calendar {
    /// The calendar of an IANA time zone name, e.g. `Europe/Berlin`; `None` when it is not known.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(|zone| Self { zone })
    }

    /// The calendar of the machine's own time zone; UTC where that cannot be told.
    #[must_use]
    pub fn system() -> Self {
        Self { zone: TimeZone::try_system().unwrap_or(TimeZone::UTC) }
    }

    /// Coordinated Universal Time.
    #[must_use]
    pub fn utc() -> Self {
        Self { zone: TimeZone::UTC }
    }

    /// The zone's IANA name, or `UTC` where it has none.
    #[must_use]
    pub fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// Start of the local day that holds `time`.
    #[must_use]
    pub fn day_start(&self, time: Timestamp) -> Timestamp {
        let local = self.local(time);
        from_zoned(&local.start_of_day().unwrap_or(local))
    }

    /// Start of the local day after the one that holds `time`.
    #[must_use]
    pub fn next_day_start(&self, time: Timestamp) -> Timestamp {
        let local = self.local(time);
        let next = local.tomorrow().and_then(|next| next.start_of_day());
        from_zoned(&next.unwrap_or(local))
    }

    /// The local date that holds `time`, as `2026-11-23`.
    #[must_use]
    pub fn date(&self, time: Timestamp) -> String {
        self.local(time).date().to_string()
    }

    /// Start of a local day written as `2026-11-23`; `None` for anything else or before 1970.
    #[must_use]
    pub fn date_start(&self, date: &str) -> Option<Timestamp> {
        let plain = date.len() == 10 && date.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let day = plain.then(|| date.parse::<jiff::civil::Date>().ok())??;
        let start = day.to_zoned_datetime(self.zone.clone()).ok()?;
        Timestamp::from_nanos(u64::try_from(start.timestamp().as_nanosecond()).ok()?)
    }

    /// Start of the clock hour that holds `time` in this zone.
    #[must_use]
    pub fn hour_start(&self, time: Timestamp) -> Timestamp {
        let local = self.local(time);
        let past = i64::from(local.minute()) * 60 + i64::from(local.second());
        let nanos = past * 1_000_000_000 + i64::from(local.subsec_nanosecond());
        Timestamp::from_stored(time.nanos() - nanos)
    }

    /// The minute of the local day that holds `time`, 0 to 1439, by the clock on the wall.
    #[must_use]
    pub fn minute_of_day(&self, time: Timestamp) -> u16 {
        let local = self.local(time);
        let minute = i64::from(local.hour()) * 60 + i64::from(local.minute());
        u16::try_from(minute).unwrap_or(0)
    }

    /// The local clock time for people: `14:02`, and `21 Nov, 14:02` on another day than `now`'s.
    #[must_use]
    pub fn clock(&self, time: Timestamp, now: Timestamp) -> String {
        let local = self.local(time);
        let same_day = local.date() == self.local(now).date();
        local.strftime(if same_day { "%H:%M" } else { "%-d %b, %H:%M" }).to_string()
    }

    fn local(&self, time: Timestamp) -> ZonedDateTime {
        instant(time).to_zoned_datetime(self.zone.clone())
    }
}

/// A time as RFC 3339 in UTC with milliseconds, e.g. `2026-11-23T04:43:43.445Z`.
#[must_use]
pub fn rfc3339(time: Timestamp) -> String {
    format!("{:.3}", jiff::Timestamp::from_millisecond(time.millis()).unwrap_or_default())
}

/// Reads RFC 3339, e.g. `2026-11-23T04:43:43.445Z`; `None` for anything else or before 1970.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    let nanos = text.parse::<jiff::Timestamp>().ok()?.as_nanosecond();
    Timestamp::from_nanos(u64::try_from(nanos).ok()?)
}

fn instant(time: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_nanosecond(i128::from(time.nanos())).unwrap_or_default()
}

fn from_zoned(zoned: &ZonedDateTime) -> Timestamp {
    let nanos = zoned.timestamp().as_nanosecond();
    Timestamp::from_stored(i64::try_from(nanos).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        parse_rfc3339(text).unwrap()
    }

    /// Scenario: moments around midnight and around the hour that there is twice in Berlin.
    /// Guarantees: the minute that a clock on the wall shows.
    #[test]
    fn minutes_are_those_on_the_wall() {
        let berlin = Calendar::named("Europe/Berlin").unwrap();
        for (time, minute) in [
            ("2026-11-23T22:59:59.999Z", 1_439),
            ("2026-11-23T23:00:00Z", 0),
            ("2026-10-25T00:30:00Z", 150),
            ("2026-10-25T01:30:00Z", 150),
            ("2026-07-01T20:00:00Z", 1_320),
        ] {
            assert_eq!(berlin.minute_of_day(at(time)), minute, "{time}");
        }
    }

    /// Scenario: the days around both changes of the clock in Berlin, and a zone 45 minutes off the hour.
    /// Guarantees: local days begin where they do on the wall, 23 and 25 hours long, on a quarter hour.
    #[test]
    fn local_days_follow_the_wall_clock() {
        let berlin = Calendar::named("Europe/Berlin").unwrap();
        for (time, start, next) in [
            ("2026-03-29T12:00:00Z", "2026-03-28T23:00:00.000Z", "2026-03-29T22:00:00.000Z"),
            ("2026-10-25T12:00:00Z", "2026-10-24T22:00:00.000Z", "2026-10-25T23:00:00.000Z"),
        ] {
            assert_eq!(rfc3339(berlin.day_start(at(time))), start);
            assert_eq!(rfc3339(berlin.next_day_start(at(time))), next);
        }
        assert_eq!(berlin.date_start("2026-10-25"), Some(at("2026-10-24T22:00:00Z")));
        for refused in ["2026-02-30", "today", "1969-12-31", "2026-11-23T10:00"] {
            assert_eq!(berlin.date_start(refused), None, "{refused}");
        }
        let kathmandu = Calendar::named("Asia/Kathmandu").unwrap();
        let start = kathmandu.day_start(at("2026-11-23T04:43:43Z"));
        assert_eq!(Quarter::of(start).start(), start);
        assert_eq!(kathmandu.date(at("2026-11-23T20:00:00Z")), "2026-11-24");
        assert_eq!(
            rfc3339(kathmandu.hour_start(at("2026-11-23T04:43:43Z"))),
            "2026-11-23T04:15:00.000Z"
        );
    }

    /// Scenario: a time of today, one a minute before local midnight, and one a year ago on today's date.
    /// Guarantees: the wall clock of the zone; a time of another day carries its date.
    #[test]
    fn clock_times_are_local() {
        let berlin = Calendar::named("Europe/Berlin").unwrap();
        let now = at("2026-11-23T13:02:07Z");
        assert_eq!(berlin.clock(at("2026-11-23T13:02:07Z"), now), "14:02");
        assert_eq!(berlin.clock(at("2026-11-22T23:00:00Z"), now), "00:00");
        assert_eq!(berlin.clock(at("2026-11-22T22:59:59Z"), now), "22 Nov, 23:59");
        assert_eq!(berlin.clock(at("2025-11-23T08:05:00Z"), now), "23 Nov, 09:05");
    }

    /// Scenario: a time is written and read back.
    /// Guarantees: milliseconds survive; nonsense is refused.
    #[test]
    fn times_are_written_as_rfc3339() {
        assert_eq!(rfc3339(at("2026-11-23T04:43:43.445Z")), "2026-11-23T04:43:43.445Z");
        assert_eq!(rfc3339(at("2026-11-23T04:43:43Z")), "2026-11-23T04:43:43.000Z");
        assert_eq!(parse_rfc3339("yesterday"), None);
        assert_eq!(parse_rfc3339("1969-12-31T23:59:59Z"), None);
    }
}
