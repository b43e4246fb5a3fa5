//! What the witnesses of the same use tell, side by side, and what that says of the books.

mod balance;
mod price;
mod reason;

use std::{collections::BTreeSet, sync::Arc};

use plimsoll_domain::{
    AgentId, Model, NanoUsd, ProcessId, QuerySource, SessionId, Timestamp, Tokens,
};

pub use balance::Balance;
pub use price::PriceCheck;
pub use reason::{Reason, Verdict};

/// Which sessions are audited.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// This one only; its audit then lists the requests that only one witness knows.
    pub session: Option<SessionId>,
    /// Only those of which something arrived at or after this time.
    pub since: Option<Timestamp>,
}

/// Who tells of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Teller {
    /// Events, request by request.
    Events,
    /// Metrics, in sums.
    Metrics,
    /// Transcripts, request by request; they never tell of compactions and titles.
    Transcripts,
    /// The client's own sums of a session, written at a normal end.
    Client,
    /// The books themselves: what reports say.
    Books,
}

impl Teller {
    /// The name used in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Metrics => "metrics",
            Self::Transcripts => "transcripts",
            Self::Client => "client",
            Self::Books => "books",
        }
    }
}

/// A sum that somebody tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Told {
    /// API requests; `None` where only sums are told.
    pub requests: Option<u64>,
    /// Tokens by type.
    pub tokens: Tokens,
    /// Cost; `None` where it is not told.
    pub cost: Option<NanoUsd>,
}

impl Told {
    /// Sum, saturating; what only one of the two tells stays.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            requests: either(self.requests, other.requests, u64::saturating_add),
            tokens: self.tokens.plus(other.tokens),
            cost: either(self.cost, other.cost, NanoUsd::plus),
        }
    }
}

fn either<T>(one: Option<T>, other: Option<T>, join: impl FnOnce(T, T) -> T) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(join(one, other)),
        (one, other) => one.or(other),
    }
}

/// A sum of use as each witness tells it. `None`: that witness never told of the session, which is not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sides {
    /// By events, at the client's own price.
    pub events: Option<Told>,
    /// By metrics.
    pub metrics: Option<Told>,
    /// By transcripts, which tell no price.
    pub transcripts: Option<Told>,
    /// By all that are known request by request: what the witnesses are compared with.
    pub counted: Told,
    /// What only metrics know.
    pub unattributed: Told,
}

impl Sides {
    /// What reports say: the counted requests and the unattributed part.
    #[must_use]
    pub fn books(&self) -> Told {
        self.counted.plus(self.unattributed)
    }

    /// Sum, saturating; what only one of the two tells stays.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            events: either(self.events, other.events, Told::plus),
            metrics: either(self.metrics, other.metrics, Told::plus),
            transcripts: either(self.transcripts, other.transcripts, Told::plus),
            counted: self.counted.plus(other.counted),
            unattributed: self.unattributed.plus(other.unattributed),
        }
    }
}

/// The use of one model by one part of the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// The model.
    pub model: Model,
    /// The asking part.
    pub source: QuerySource,
    /// As each witness tells it.
    pub told: Sides,
}

/// Where a witness tells otherwise than what is counted request by request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Who.
    pub teller: Teller,
    /// Of which model; `None` where it is not of one.
    pub model: Option<Model>,
    /// Of which part; `None` where the teller does not tell the parts apart.
    pub source: Option<QuerySource>,
    /// What it tells, less what is counted.
    pub tokens: Balance,
    /// Requests that it does not tell of; `None` where it tells of sums only.
    pub missing: Option<u64>,
    /// Requests of which it tells other tokens.
    pub disputed: u64,
    /// Why; empty where nobody knows.
    pub reasons: BTreeSet<Reason>,
}

/// Events of a client process that did not arrive, as their running numbers show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissedEvents {
    /// The process.
    pub process: ProcessId,
    /// Number of the first one.
    pub first: u64,
    /// Number of the last one.
    pub last: u64,
    /// When the event before them arrived; `None` where they are the first.
    pub since: Option<Timestamp>,
    /// When the event after them arrived.
    pub until: Timestamp,
    /// Requests of that time that transcripts told of.
    pub found: u64,
    /// Who shows that no request is missing for them; empty while nobody does.
    pub closed_by: BTreeSet<Teller>,
}

impl MissedEvents {
    /// How many did not arrive.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.last.saturating_sub(self.first).saturating_add(1)
    }

    /// Whether nobody shows that no request is missing for them.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.closed_by.is_empty()
    }
}

/// The client's own sum over one model of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedTotal {
    /// The model.
    pub model: Model,
    /// When it was written.
    pub at: Timestamp,
    /// The sum; after a fork that of the session it came from is in it.
    pub told: Told,
}

/// What the status line last showed of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// When.
    pub at: Timestamp,
    /// The model of the main thread.
    pub model: Option<Model>,
    /// Its window, in tokens.
    pub window: Option<u64>,
    /// The tokens of its last request.
    pub context: Option<Tokens>,
    /// What the session has cost, by the client's count.
    pub cost: Option<NanoUsd>,
}

/// A request that only one of events and transcripts tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoneRequest {
    /// Its permanent name.
    pub key: Arc<str>,
    /// Who tells of it: events or transcripts.
    pub teller: Teller,
    /// When it was completed.
    pub at: Timestamp,
    /// The model.
    pub model: Model,
    /// The asking part.
    pub source: QuerySource,
    /// The subagent.
    pub agent: Option<AgentId>,
    /// Tokens by type.
    pub tokens: Tokens,
    /// Why the other one does not; `None` where nobody knows.
    pub reason: Option<Reason>,
}

/// The audit of one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionAudit {
    /// The session; `None` for what came without a session id.
    pub session: Option<SessionId>,
    /// Where it works.
    pub project: Option<Arc<str>>,
    /// The client's version, as last told.
    pub client_version: Option<Arc<str>>,
    /// The first thing known of it, by event time.
    pub first_at: Timestamp,
    /// The last thing known of it, by event time.
    pub last_at: Timestamp,
    /// When something of it last arrived.
    pub last_arrival: Timestamp,
    /// Its use by model and part.
    pub lines: Vec<AuditLine>,
    /// The client's own sums.
    pub stated: Vec<StatedTotal>,
    /// What the status line last showed.
    pub shown: Option<Shown>,
    /// Where witnesses tell otherwise than what is counted.
    pub differences: Vec<Difference>,
    /// Events that did not arrive.
    pub missed: Vec<MissedEvents>,
    /// Requests that were told under more than one name, and are counted once.
    pub copies: u64,
    /// Requests whose answer did not come to its end, as transcripts tell.
    pub unfinished: u64,
    /// Requests that were pruned: they count, and nobody can tell any more who told of them.
    pub pruned: u64,
    /// The prices by model, where the client's and the table's are apart.
    pub prices: Vec<PriceCheck>,
    /// The requests that only one witness knows; of a session that was asked for by name.
    pub lone: Vec<LoneRequest>,
    /// Everything that explains what is there and what is not.
    pub reasons: BTreeSet<Reason>,
    /// What follows.
    pub verdict: Verdict,
}

impl SessionAudit {
    /// Its use over all models and parts.
    #[must_use]
    pub fn total(&self) -> Sides {
        self.lines.iter().map(|line| line.told).reduce(Sides::plus).unwrap_or_default()
    }
}

/// The audit of the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// When it was made.
    pub as_of: Timestamp,
    /// The sessions, the last active first; those of which no use is known are left out.
    pub sessions: Vec<SessionAudit>,
}

impl Audit {
    /// The worst verdict of any session.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.sessions.iter().map(|session| session.verdict).max().unwrap_or(Verdict::Exact)
    }

    /// The verdict in one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let [exact, explained, unexplained] = Verdict::ALL.map(|verdict| self.count(verdict));
        let all = self.sessions.len();
        let of_all =
            if all == 1 { "the session".to_owned() } else { format!("all {all} sessions") };
        match (exact, explained, unexplained) {
            (0, 0, 0) => "No use is known that could be audited.".to_owned(),
            (_, 0, 0) => format!("Exact: the witnesses of {of_all} agree to the token."),
            (0, _, 0) => format!("Explained: every difference in {of_all} has a reason."),
            (_, _, 0) => format!(
                "Explained: {exact} of {all} sessions {} exact, and every difference in the others has a reason.",
                if exact == 1 { "is" } else { "are" }
            ),
            _ if all == 1 => {
                "Unexplained: the session has a difference without a reason.".to_owned()
            }
            (_, _, 1) => {
                format!("Unexplained: 1 of {all} sessions has a difference without a reason.")
            }
            _ => format!(
                "Unexplained: {unexplained} of {all} sessions have a difference without a reason."
            ),
        }
    }

    /// How many sessions have a verdict.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.sessions.iter().filter(|session| session.verdict == verdict).count()
    }

    /// How many sessions have a reason.
    #[must_use]
    pub fn with(&self, reason: Reason) -> usize {
        self.sessions.iter().filter(|session| session.reasons.contains(&reason)).count()
    }

    /// The prices by model over all sessions, where the client's and the table's are apart.
    #[must_use]
    pub fn prices(&self) -> Vec<PriceCheck> {
        let mut all: Vec<PriceCheck> = Vec::new();
        for check in self.sessions.iter().flat_map(|session| &session.prices) {
            match all.iter_mut().find(|known| known.model == check.model) {
                Some(known) => known.add(check),
                None => all.push(check.clone()),
            }
        }
        let total = self.total();
        for check in &mut all {
            let of_model = total.iter().filter(|line| line.model == check.model);
            let costs = of_model.filter_map(|line| line.told.counted.cost);
            check.cost = costs.fold(NanoUsd::ZERO, NanoUsd::plus);
        }
        all.sort_by(|one, other| one.model.cmp(&other.model));
        all
    }

    /// The sums over all sessions by model and part.
    #[must_use]
    pub fn total(&self) -> Vec<AuditLine> {
        let mut total: Vec<AuditLine> = Vec::new();
        for line in self.sessions.iter().flat_map(|session| &session.lines) {
            let same =
                |known: &&mut AuditLine| (&known.model, known.source) == (&line.model, line.source);
            match total.iter_mut().find(same) {
                Some(known) => known.told = known.told.plus(line.told),
                None => total.push(line.clone()),
            }
        }
        total.sort_by(|one, other| (&one.model, one.source).cmp(&(&other.model, other.source)));
        total
    }
}
