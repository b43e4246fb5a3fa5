//! The configuration: defaults, then the file, then the environment, then flags; the later wins.

mod action;
mod address;
mod amount;
mod error;
mod file;
mod given;
mod hours;
mod key;
mod level;
mod nearest;
mod overriding;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use plimsoll_domain::{Levels, Policy, QuietHours, Warnings};

use given::Given;

pub use error::{ConfigError, Origin};
pub use key::{ActionKey, Key, WarningKey};

use crate::{Environment, Places};

/// Everything that can be set, as plain data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The OTLP receivers.
    pub receiver: ReceiverConfig,
    /// The dashboard and its API.
    pub dashboard: DashboardConfig,
    /// Tray and windows.
    pub desktop: DesktopConfig,
    /// The books.
    pub ledger: LedgerConfig,
    /// The client's transcripts.
    pub transcripts: TranscriptsConfig,
    /// Where each level lies on the way to the line, and what it does.
    pub policy: Policy,
    /// When notifications are held back; `None`: never.
    pub quiet_hours: Option<QuietHours>,
    /// What is warned of beside the levels.
    pub warnings: Warnings,
}

/// `[transcripts]`: whether the client's transcripts are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TranscriptsConfig {
    /// Whether they are; `true` unless set.
    pub enabled: bool,
}

/// `[receiver]`: where OTLP is received, and from whom. Loopback only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiverConfig {
    /// OTLP over HTTP; 127.0.0.1:4318 unless set.
    pub http: SocketAddr,
    /// OTLP over gRPC; 127.0.0.1:4317 unless set.
    pub grpc: SocketAddr,
    /// What exports have to show, as `Authorization: Bearer ...`; nothing unless set.
    pub token: Option<plimsoll_domain::Key>,
}

/// `[dashboard]`: where the page and the API are served. Loopback only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DashboardConfig {
    /// The address; 127.0.0.1:3030 unless set.
    pub listen: SocketAddr,
}

/// `[desktop]`: tray and windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DesktopConfig {
    /// Which process holds the engine and the tray; `auto` unless set.
    pub backend: Backend,
}

/// Which process holds the engine and the tray.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// `separate` on Linux, `in-process` elsewhere.
    Auto,
    /// The process of the windows: one process, which stays.
    InProcess,
    /// A small process of its own; the windows' process comes and goes.
    Separate,
}

impl Backend {
    /// Whether the process of the windows holds the engine, on this system.
    #[must_use]
    pub const fn is_in_process(self) -> bool {
        match self {
            Self::Auto => !cfg!(target_os = "linux"),
            Self::InProcess => true,
            Self::Separate => false,
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "in-process" => Ok(Self::InProcess),
            "separate" => Ok(Self::Separate),
            _ => Err(format!("\"{text}\" is none of \"auto\", \"in-process\", \"separate\"")),
        }
    }
}

/// `[ledger]`: where the books are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerConfig {
    /// The SQLite file, absolute.
    pub path: PathBuf,
    /// How many days requests are kept, up to 36,500; 0 unless set: for ever.
    pub keep_requests_days: u32,
}

impl LedgerConfig {
    /// How long requests are kept; `None`: for ever.
    #[must_use]
    pub fn keep_requests(&self) -> Option<Duration> {
        const DAY: Duration = Duration::from_secs(86_400);
        (self.keep_requests_days > 0).then(|| DAY.saturating_mul(self.keep_requests_days))
    }
}

/// The variable by which launchers name the HTTP receiver's port.
const PORT_VARIABLE: &str = "OTLP_RECEIVER_PORT";

impl Config {
    /// What holds where nothing is set.
    #[must_use]
    pub fn defaults(places: &Places) -> Self {
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self {
            receiver: ReceiverConfig { http: local(4318), grpc: local(4317), token: None },
            dashboard: DashboardConfig { listen: local(3030) },
            desktop: DesktopConfig { backend: Backend::Auto },
            ledger: LedgerConfig { path: places.data.join("ledger.db"), keep_requests_days: 0 },
            transcripts: TranscriptsConfig { enabled: true },
            policy: Policy::default(),
            quiet_hours: None,
            warnings: Warnings::default(),
        }
    }

    /// Reads the configuration file, the environment and the flags, each flag with its name, e.g. `--http`.
    ///
    /// # Errors
    /// When the file cannot be read, a key is unknown, or a value cannot be used; the error says where.
    pub fn load(
        places: &Places,
        environment: &Environment,
        flags: &[(Key, &'static str, String)],
    ) -> Result<Self, ConfigError> {
        let file::Contents { mut given, overrides } = file::read(&places.config)?;
        given.extend(from_environment(environment)?);
        for (key, flag, text) in flags {
            given.push(Given::outside(*key, text, Origin::Flag(flag))?);
        }
        let mut config = Self::defaults(places);
        let mut actions = action::Table::default();
        for one in &given {
            let set = match one.key {
                Key::Action(level, key) => actions.set(level, key, one, &places.home),
                _ => config.set(one, places),
            };
            set.map_err(|reason| one.refuse(reason))?;
        }
        check_order(&config.policy.levels, &given)?;
        actions.check(&given, |key| match key {
            Key::Action(level, key) => Some((*level, *key)),
            _ => None,
        })?;
        actions.apply(&mut config.policy.actions);
        for entry in &overrides {
            let one = overriding::read(entry, &config.policy, &actions, &places.home)?;
            config.policy.overrides.push(one);
        }
        Ok(config)
    }

    fn set(&mut self, given: &Given<Key>, places: &Places) -> Result<(), String> {
        match given.key {
            Key::ReceiverHttp => self.receiver.http = address::read(given.single()?)?,
            Key::ReceiverGrpc => self.receiver.grpc = address::read(given.single()?)?,
            Key::ReceiverToken => self.receiver.token = token(given.single()?)?,
            Key::DashboardListen => self.dashboard.listen = address::read(given.single()?)?,
            Key::DesktopBackend => self.desktop.backend = Backend::read(given.single()?)?,
            Key::LedgerPath => self.ledger.path = path(given, places)?,
            Key::LedgerKeepRequestsDays => {
                self.ledger.keep_requests_days = days(given.single()?)?;
            }
            Key::TranscriptsEnabled => self.transcripts.enabled = given.flag()?,
            Key::Level(level) => {
                *level::place(&mut self.policy.levels, level) = level::read(&given.texts)?;
            }
            // They are put together when all of them are known.
            Key::Action(..) => {}
            Key::QuietHours => self.quiet_hours = hours::read(given.single()?)?,
            Key::Warning(key) => set_warning(&mut self.warnings, key, given)?,
        }
        Ok(())
    }
}

fn set_warning(warnings: &mut Warnings, key: WarningKey, given: &Given<Key>) -> Result<(), String> {
    match key {
        WarningKey::Limits => warnings.limits = given.flag()?,
        WarningKey::DailyCost => warnings.daily_cost = amount::dollars(given.single()?)?,
        WarningKey::Silent => warnings.silent = given.flag()?,
        WarningKey::Errors => warnings.errors = given.flag()?,
        WarningKey::Cache => warnings.cache = given.flag()?,
    }
    Ok(())
}

/// Refuses levels that do not rise, naming the last setting that touched them.
fn check_order(levels: &Levels, given: &[Given<Key>]) -> Result<(), ConfigError> {
    let last = given.iter().rev().find(|given| matches!(given.key, Key::Level(_)));
    // The defaults rise, so that somebody must have set one.
    last.map_or(Ok(()), |given| level::check_order(levels).map_err(|reason| given.refuse(reason)))
}

fn from_environment(environment: &Environment) -> Result<Vec<Given<Key>>, ConfigError> {
    let named = Key::every().map(|key| (key, key.variable()));
    let variables = std::iter::once((Key::ReceiverHttp, PORT_VARIABLE.to_owned())).chain(named);
    let mut given = Vec::new();
    for (key, variable) in variables {
        let Some(value) = environment.get(&variable) else { continue };
        let origin = Origin::Variable(variable);
        let Some(text) = value.to_str() else {
            let reason = "it is not UTF-8".to_owned();
            return Err(ConfigError::Value { key: key.name(), reason, origin });
        };
        given.push(Given::outside(key, text, origin)?);
    }
    Ok(given)
}

/// An absolute path: `~/` is the home folder; a relative one is beside the configuration file when it stands
/// there, else below the working folder.
fn path(given: &Given<Key>, places: &Places) -> Result<PathBuf, String> {
    let text = given.single()?;
    if text.is_empty() || text.ends_with('/') {
        return Err(format!("\"{text}\" does not name a file"));
    }
    if let Some(below) = text.strip_prefix("~/") {
        return Ok(places.home.join(below));
    }
    let base = match &given.origin {
        Origin::File { path, .. } => path.parent().unwrap_or(Path::new("/")),
        Origin::Variable(_) | Origin::Flag(_) => &places.working,
    };
    Ok(base.join(text))
}

fn days(text: &str) -> Result<u32, String> {
    let days = text.parse().ok().filter(|days| *days <= 36_500);
    days.ok_or_else(|| format!("\"{text}\" is no whole number of days from 0 to 36500"))
}

/// A token that fits into a header and into a list of headers as it is; empty: none.
fn token(text: &str) -> Result<Option<plimsoll_domain::Key>, String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    match text {
        "" => Ok(None),
        text if text.len() >= 16 && text.bytes().all(fits) => {
            Ok(Some(plimsoll_domain::Key::new(text)))
        }
        _ => Err("a token has at least 16 of the characters A-Z a-z 0-9 - . _ ~ + / =".to_owned()),
    }
}

#[cfg(test)]
mod tests;
