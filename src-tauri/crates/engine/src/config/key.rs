//! What can be set, and what it is called.

use plimsoll_domain::Level;

use super::given::Kind;

/// Something that can be set: it has a name, and values of one kind.
pub(super) trait Named: Copy {
    /// Tables and key in the file, e.g. `receiver.http`.
    fn name(self) -> String;
    /// How its values are written.
    fn kind(self) -> Kind;
}

/// One thing that can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// `[receiver] http`
    ReceiverHttp,
    /// `[receiver] grpc`
    ReceiverGrpc,
    /// `[receiver] token`
    ReceiverToken,
    /// `[dashboard] listen`
    DashboardListen,
    /// `[desktop] backend`
    DesktopBackend,
    /// `[ledger] path`
    LedgerPath,
    /// `[ledger] keep_requests_days`
    LedgerKeepRequestsDays,
    /// `[transcripts] enabled`
    TranscriptsEnabled,
    /// `[levels]`: where a level lies.
    Level(Level),
    /// `[actions]`: what every level does; `[actions.checkpoint]`: what one does.
    Action(Option<Level>, ActionKey),
    /// `[notifications] quiet_hours`
    QuietHours,
    /// `[warnings]`
    Warning(WarningKey),
}

/// A key of `[actions]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ActionKey {
    /// `notify`
    Notify,
    /// `command`
    Command,
    /// `command_timeout`
    CommandTimeout,
    /// `webhook` as a value: to switch it off
    Webhook,
    /// `webhook.url`
    WebhookUrl,
    /// `webhook.secret`
    WebhookSecret,
    /// `in_session`
    InSession,
    /// `instruction`
    Instruction,
}

/// A key of `[warnings]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WarningKey {
    /// `limits`
    Limits,
    /// `daily_cost`
    DailyCost,
    /// `silent`
    Silent,
    /// `errors`
    Errors,
    /// `cache`
    Cache,
}

impl Key {
    /// All keys but those of one level's actions.
    pub const ALL: [Self; 25] = [
        Self::ReceiverHttp,
        Self::ReceiverGrpc,
        Self::ReceiverToken,
        Self::DashboardListen,
        Self::DesktopBackend,
        Self::LedgerPath,
        Self::LedgerKeepRequestsDays,
        Self::TranscriptsEnabled,
        Self::Level(Level::Notice),
        Self::Level(Level::Checkpoint),
        Self::Level(Level::Urgent),
        Self::Action(None, ActionKey::Notify),
        Self::Action(None, ActionKey::Command),
        Self::Action(None, ActionKey::CommandTimeout),
        Self::Action(None, ActionKey::Webhook),
        Self::Action(None, ActionKey::WebhookUrl),
        Self::Action(None, ActionKey::WebhookSecret),
        Self::Action(None, ActionKey::InSession),
        Self::Action(None, ActionKey::Instruction),
        Self::QuietHours,
        Self::Warning(WarningKey::Limits),
        Self::Warning(WarningKey::DailyCost),
        Self::Warning(WarningKey::Silent),
        Self::Warning(WarningKey::Errors),
        Self::Warning(WarningKey::Cache),
    ];

    /// All keys, then those of each level's actions.
    pub fn every() -> impl Iterator<Item = Self> {
        let of_level = |level| ActionKey::ALL.map(|key| Self::Action(Some(level), key));
        Self::ALL.into_iter().chain(Level::ALL.into_iter().flat_map(of_level))
    }

    /// Tables and key in the file, e.g. `receiver.http` or `actions.checkpoint.notify`.
    #[must_use]
    pub fn name(self) -> String {
        let plain = match self {
            Self::ReceiverHttp => "receiver.http",
            Self::ReceiverGrpc => "receiver.grpc",
            Self::ReceiverToken => "receiver.token",
            Self::DashboardListen => "dashboard.listen",
            Self::DesktopBackend => "desktop.backend",
            Self::LedgerPath => "ledger.path",
            Self::LedgerKeepRequestsDays => "ledger.keep_requests_days",
            Self::TranscriptsEnabled => "transcripts.enabled",
            Self::QuietHours => "notifications.quiet_hours",
            Self::Level(level) => return format!("levels.{}", level.name()),
            Self::Action(level, key) => return action(level, key),
            Self::Warning(key) => return format!("warnings.{}", key.name()),
        };
        plain.to_owned()
    }

    /// The environment variable, e.g. `PLIMSOLL_RECEIVER_HTTP`.
    #[must_use]
    pub fn variable(self) -> String {
        format!("PLIMSOLL_{}", self.name().replace('.', "_").to_ascii_uppercase())
    }
}

impl Named for Key {
    fn name(self) -> String {
        Self::name(self)
    }

    fn kind(self) -> Kind {
        match self {
            Self::TranscriptsEnabled => Kind::Flag,
            Self::Level(_) => Kind::List,
            Self::Action(_, key) => key.kind(),
            Self::Warning(WarningKey::DailyCost) => Kind::Text,
            Self::Warning(_) => Kind::Flag,
            _ => Kind::Text,
        }
    }
}

impl ActionKey {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Notify,
        Self::Command,
        Self::CommandTimeout,
        Self::Webhook,
        Self::WebhookUrl,
        Self::WebhookSecret,
        Self::InSession,
        Self::Instruction,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Notify => "notify",
            Self::Command => "command",
            Self::CommandTimeout => "command_timeout",
            Self::Webhook => "webhook",
            Self::WebhookUrl => "webhook.url",
            Self::WebhookSecret => "webhook.secret",
            Self::InSession => "in_session",
            Self::Instruction => "instruction",
        }
    }

    /// How its values are written.
    pub(super) const fn kind(self) -> Kind {
        match self {
            Self::Notify | Self::InSession => Kind::Flag,
            Self::Command => Kind::Words,
            Self::Webhook => Kind::Off,
            _ => Kind::Text,
        }
    }
}

impl WarningKey {
    const fn name(self) -> &'static str {
        match self {
            Self::Limits => "limits",
            Self::DailyCost => "daily_cost",
            Self::Silent => "silent",
            Self::Errors => "errors",
            Self::Cache => "cache",
        }
    }
}

/// The name of a key of `[actions]`, or of a level's table in it.
pub(super) fn action(level: Option<Level>, key: ActionKey) -> String {
    match level {
        Some(level) => format!("actions.{}.{}", level.name(), key.name()),
        None => format!("actions.{}", key.name()),
    }
}
