//! Why witnesses differ, and what follows for the books.

/// Why a witness tells less, more, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The session is too young to be judged.
    InFlight,
    /// Metrics and no events.
    LogsOff,
    /// Events and no metrics.
    MetricsOff,
    /// No telemetry at all.
    TelemetryNever,
    /// No telemetry of the first requests.
    TelemetryLate,
    /// No telemetry of the last requests, for long.
    TelemetryStopped,
    /// Exports were lost on their way.
    ReceiverMissed,
    /// Exports of metrics were lost, and the requests that they told of are known otherwise.
    MetricsMissed,
    /// The client was killed.
    Killed,
    /// Answers that did not come to their end.
    Aborted,
    /// A prompt of whose answer nobody told.
    Unanswered,
    /// Whole requests that only sums know.
    SideRequests,
    /// A client that counted some requests twice in its metrics.
    OldClientCountedTwice,
    /// No transcript of what events or metrics tell.
    TranscriptMissing,
    /// The client's own sums hold those of the session that this one came from.
    ForkIncludesAncestor,
    /// The client's prices are not those of the table.
    PriceDrift,
}

impl Reason {
    /// All reasons, in the order in which they are listed to people.
    pub const ALL: [Self; 16] = [
        Self::InFlight,
        Self::LogsOff,
        Self::MetricsOff,
        Self::TelemetryNever,
        Self::TelemetryLate,
        Self::TelemetryStopped,
        Self::ReceiverMissed,
        Self::MetricsMissed,
        Self::Killed,
        Self::Aborted,
        Self::Unanswered,
        Self::SideRequests,
        Self::OldClientCountedTwice,
        Self::TranscriptMissing,
        Self::ForkIncludesAncestor,
        Self::PriceDrift,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::InFlight => "in-flight",
            Self::LogsOff => "logs-off",
            Self::MetricsOff => "metrics-off",
            Self::TelemetryNever => "telemetry-never",
            Self::TelemetryLate => "telemetry-late",
            Self::TelemetryStopped => "telemetry-stopped",
            Self::ReceiverMissed => "receiver-missed",
            Self::MetricsMissed => "metrics-missed",
            Self::Killed => "killed",
            Self::Aborted => "aborted",
            Self::Unanswered => "unanswered",
            Self::SideRequests => "side-requests",
            Self::OldClientCountedTwice => "old-client-counted-twice",
            Self::TranscriptMissing => "transcript-missing",
            Self::ForkIncludesAncestor => "fork-includes-ancestor",
            Self::PriceDrift => "price-drift",
        }
    }

    /// One sentence for people.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::InFlight => {
                "Something arrived less than two minutes ago and the session has not ended: it is not judged yet."
            }
            Self::LogsOff => {
                "Metrics came and never an event: the client's logs exporter is off, so only sums are known."
            }
            Self::MetricsOff => {
                "Events came and never a metric: the client's metrics exporter is off, or it ended before its first export."
            }
            Self::TelemetryNever => {
                "Only transcripts tell of it: telemetry is off, or the session was not restarted since it was switched on."
            }
            Self::TelemetryLate => {
                "Telemetry began after the first requests; the transcript tells of these."
            }
            Self::TelemetryStopped => {
                "Telemetry ended long before the session did; the transcript tells of the rest."
            }
            Self::ReceiverMissed => {
                "Exports did not arrive: Plimsoll was not running, or the client could not reach it."
            }
            Self::MetricsMissed => {
                "Exports of metrics did not arrive; the requests that they lack are known one by one."
            }
            Self::Killed => {
                "The client was killed before it had sent its last data and written its own sums."
            }
            Self::Aborted => {
                "An answer was aborted: no event tells of it in full, and its output is the client's estimate."
            }
            Self::Unanswered => {
                "Nobody told of an answer to a prompt: it was aborted, and what it had used by then may be missing."
            }
            Self::SideRequests => {
                "Sums hold requests that neither events nor transcripts tell: beside the conversation (compaction, titles), or of streams that died."
            }
            Self::OldClientCountedTwice => {
                "Clients before 2.1.214 counted some requests more than once in their metrics."
            }
            Self::TranscriptMissing => {
                "No transcript holds these requests: deleted after the client's retention, or never written."
            }
            Self::ForkIncludesAncestor => {
                "The session was forked, and the client's own sums hold those of the session that it came from."
            }
            Self::PriceDrift => {
                "The client's prices are more than one percent away from those of the price table."
            }
        }
    }
}

/// What follows for the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// At least two witnesses tell, all that tell agree to the token, and what is known to be missing held no request.
    Exact,
    /// Every difference has a reason.
    Explained,
    /// A difference has none.
    Unexplained,
}

impl Verdict {
    /// All verdicts, the best first.
    pub const ALL: [Self; 3] = [Self::Exact, Self::Explained, Self::Unexplained];

    /// The name used in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Explained => "explained",
            Self::Unexplained => "unexplained",
        }
    }
}
