//! Warnings: what is told of beside the levels, each by the user's choice.

use crate::{
    Calendar, NanoUsd, Revision, SessionId, Timestamp,
    text::{cost, percent, tokens},
};

/// A limit that is used up, in permille of it.
const WHOLE: u64 = 1_000;

/// Of what the user wants to be warned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Warnings {
    /// The limits of five hours and seven days that come near.
    pub limits: bool,
    /// The cost of a local day that is reached; positive. `None`: no warning.
    pub daily_cost: Option<NanoUsd>,
    /// A client that works while its telemetry fell silent.
    pub silent: bool,
    /// A storm of refusals by the API, 429 and 529.
    pub errors: bool,
    /// A prompt cache that broke.
    pub cache: bool,
}

impl Default for Warnings {
    fn default() -> Self {
        Self { limits: true, daily_cost: None, silent: true, errors: true, cache: true }
    }
}

/// What a warning is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WarningKind {
    /// The plan's limit over five hours comes near, or is used up.
    FiveHourLimit,
    /// The plan's limit over seven days comes near, or is used up.
    SevenDayLimit,
    /// The local day has cost what the user set.
    DailyCost,
    /// A client works, but its telemetry fell silent.
    Silent,
    /// The API refuses many requests.
    Errors,
    /// A request read hardly anything of the prompt cache that the one before it had left.
    CacheBreak,
}

/// A warning, claimed in the ledger before anything acts on it: once a kind, session and period, and of a limit once
/// more when it is used up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// What it is of.
    pub kind: WarningKind,
    /// The session; `None` for limits, costs and errors, which are of all sessions.
    pub session: Option<SessionId>,
    /// What it is told of once: of a limit when it begins anew, of a day's cost local midnight, of silence when
    /// telemetry last came, of errors the first one, of a broken cache the request.
    pub period: Timestamp,
    /// How much: permille of a limit that are used, nano-dollars of the day, errors, tokens that were sent anew
    /// because the cache had them no more. Zero for silence.
    pub amount: u64,
    /// When it was so: by the client's clock, or for silence when it was missed.
    pub at: Timestamp,
    /// The ledger's number for it; `None` until claimed.
    pub revision: Option<Revision>,
}

impl WarningKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::FiveHourLimit,
        Self::SevenDayLimit,
        Self::DailyCost,
        Self::Silent,
        Self::Errors,
        Self::CacheBreak,
    ];

    /// The name used in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FiveHourLimit => "fiveHourLimit",
            Self::SevenDayLimit => "sevenDayLimit",
            Self::DailyCost => "dailyCost",
            Self::Silent => "silent",
            Self::Errors => "errors",
            Self::CacheBreak => "cacheBreak",
        }
    }

    /// The number to store, from 1.
    #[must_use]
    pub const fn code(self) -> i64 {
        self as i64 + 1
    }

    /// From the stored number.
    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

impl Warning {
    /// Whether it is of a limit that is used up, rather than near.
    #[must_use]
    pub const fn is_used_up(&self) -> bool {
        let of_limit = matches!(self.kind, WarningKind::FiveHourLimit | WarningKind::SevenDayLimit);
        of_limit && self.amount >= WHOLE
    }

    /// One sentence for people; `name` is what they call its session.
    #[must_use]
    pub fn sentence(&self, name: Option<&str>, calendar: &Calendar) -> String {
        let name = name.unwrap_or("A session");
        let amount = self.amount;
        let clock = calendar.clock(self.period, self.at);
        let limit = |limit: &str| {
            if self.is_used_up() {
                return format!("The {limit} limit is used up; it resets at {clock}.");
            }
            format!(
                "{} of the {limit} limit is used; it resets at {clock}.",
                percent(amount, WHOLE)
            )
        };
        match self.kind {
            WarningKind::FiveHourLimit => limit("five-hour"),
            WarningKind::SevenDayLimit => limit("seven-day"),
            WarningKind::DailyCost => {
                let sum = i64::try_from(amount).map_or(NanoUsd(i64::MAX), NanoUsd);
                format!("The day's use has cost {}.", cost(Some(sum)))
            }
            WarningKind::Silent => {
                format!("{name} works, but its telemetry fell silent at {clock}.")
            }
            WarningKind::Errors => {
                format!("The API has refused {amount} requests since {clock}, as too many.")
            }
            WarningKind::CacheBreak => {
                let sent = tokens(amount);
                format!("{name} lost its prompt cache: {sent} tokens were sent anew.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::parse_rfc3339;

    fn warning(kind: WarningKind, period: &str, amount: u64) -> Warning {
        Warning {
            kind,
            session: None,
            period: parse_rfc3339(period).unwrap(),
            amount,
            at: parse_rfc3339("2026-11-23T13:02:07Z").unwrap(),
            revision: None,
        }
    }

    /// Scenario: a warning of each kind, of limits near and used up, today and on another day, of a session with a name
    /// and of one without.
    /// Guarantees: one sentence with its number and its unit, and local times.
    #[test]
    fn a_warning_is_one_sentence() {
        use WarningKind::{CacheBreak, DailyCost, Errors, FiveHourLimit, SevenDayLimit, Silent};
        let berlin = Calendar::named("Europe/Berlin").unwrap();
        let (soon, later) = ("2026-11-23T15:00:00Z", "2026-11-26T08:00:00Z");
        for (kind, period, amount, said) in [
            (FiveHourLimit, soon, 934, "93 % of the five-hour limit is used; it resets at 16:00."),
            (FiveHourLimit, soon, 1_000, "The five-hour limit is used up; it resets at 16:00."),
            (
                SevenDayLimit,
                later,
                999,
                "99 % of the seven-day limit is used; it resets at 26 Nov, 09:00.",
            ),
            (DailyCost, "2026-11-22T23:00:00Z", 20_400_000_000, "The day's use has cost $20.40."),
            (
                Silent,
                "2026-11-23T12:58:00Z",
                0,
                "engine works, but its telemetry fell silent at 13:58.",
            ),
            (
                Errors,
                "2026-11-23T13:00:00Z",
                5,
                "The API has refused 5 requests since 14:00, as too many.",
            ),
            (
                CacheBreak,
                "2026-11-23T13:02:00Z",
                118_400,
                "engine lost its prompt cache: 118k tokens were sent anew.",
            ),
        ] {
            let warning = warning(kind, period, amount);
            assert_eq!(warning.sentence(Some("engine"), &berlin), said);
        }
        let nameless = warning(CacheBreak, soon, 50_000).sentence(None, &berlin);
        assert_eq!(nameless, "A session lost its prompt cache: 50k tokens were sent anew.");
    }

    /// Scenario: amounts around the whole, of limits and of others; the stored numbers of all kinds.
    /// Guarantees: only a limit is used up, and only at its whole; each kind is read back from its number.
    #[test]
    fn only_a_limit_is_used_up() {
        for kind in WarningKind::ALL {
            assert_eq!(WarningKind::from_code(kind.code()), Some(kind));
            let of_limit = kind <= WarningKind::SevenDayLimit;
            let used_up = [999, 1_000, 1_040].map(|amount| {
                let warning = warning(kind, "2026-11-23T15:00:00Z", amount);
                warning.is_used_up()
            });
            assert_eq!(used_up, [false, of_limit, of_limit], "{}", kind.name());
        }
        assert_eq!([0, 7].map(WarningKind::from_code), [None, None]);
    }
}
