//! The configuration: defaults, then the file, then the environment, then flags; the later wins.

mod address;
mod error;
mod file;
mod level;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use plimsoll_domain::Levels;

pub use error::{ConfigError, Origin};

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
    /// Where each level lies on the way to the line.
    pub levels: Levels,
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
    /// `[levels] notice`
    LevelsNotice,
    /// `[levels] checkpoint`
    LevelsCheckpoint,
    /// `[levels] urgent`
    LevelsUrgent,
}

impl Key {
    /// All keys.
    pub const ALL: [Self; 11] = [
        Self::ReceiverHttp,
        Self::ReceiverGrpc,
        Self::ReceiverToken,
        Self::DashboardListen,
        Self::DesktopBackend,
        Self::LedgerPath,
        Self::LedgerKeepRequestsDays,
        Self::TranscriptsEnabled,
        Self::LevelsNotice,
        Self::LevelsCheckpoint,
        Self::LevelsUrgent,
    ];

    /// Table and key in the file, e.g. `receiver.http`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReceiverHttp => "receiver.http",
            Self::ReceiverGrpc => "receiver.grpc",
            Self::ReceiverToken => "receiver.token",
            Self::DashboardListen => "dashboard.listen",
            Self::DesktopBackend => "desktop.backend",
            Self::LedgerPath => "ledger.path",
            Self::LedgerKeepRequestsDays => "ledger.keep_requests_days",
            Self::TranscriptsEnabled => "transcripts.enabled",
            Self::LevelsNotice => "levels.notice",
            Self::LevelsCheckpoint => "levels.checkpoint",
            Self::LevelsUrgent => "levels.urgent",
        }
    }

    /// The environment variable, e.g. `PLIMSOLL_RECEIVER_HTTP`.
    #[must_use]
    pub fn variable(self) -> String {
        format!("PLIMSOLL_{}", self.name().replace('.', "_").to_ascii_uppercase())
    }

    fn is_flag(self) -> bool {
        matches!(self, Self::TranscriptsEnabled)
    }

    fn is_list(self) -> bool {
        matches!(self, Self::LevelsNotice | Self::LevelsCheckpoint | Self::LevelsUrgent)
    }
}

/// The variable by which launchers name the HTTP receiver's port.
const PORT_VARIABLE: &str = "OTLP_RECEIVER_PORT";

/// One key as somebody set it. `texts` holds one text, or for lists any number.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Given {
    key: Key,
    texts: Vec<String>,
    origin: Origin,
}

impl Given {
    fn refuse(&self, reason: String) -> ConfigError {
        ConfigError::Value { key: self.key.name(), reason, origin: self.origin.clone() }
    }
}

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
            levels: Levels::default(),
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
        let mut given = file::read(&places.config)?;
        given.extend(from_environment(environment)?);
        given.extend(flags.iter().map(|(key, flag, text)| Given {
            key: *key,
            texts: texts(*key, text),
            origin: Origin::Flag(flag),
        }));
        let mut config = Self::defaults(places);
        for one in &given {
            config.set(one, places)?;
        }
        level::check_order(config.levels, &given)?;
        Ok(config)
    }

    fn set(&mut self, given: &Given, places: &Places) -> Result<(), ConfigError> {
        let refuse = |reason| given.refuse(reason);
        match given.key {
            Key::ReceiverHttp => self.receiver.http = address::read(given).map_err(refuse)?,
            Key::ReceiverGrpc => self.receiver.grpc = address::read(given).map_err(refuse)?,
            Key::ReceiverToken => {
                self.receiver.token = single(given).and_then(token).map_err(refuse)?;
            }
            Key::DashboardListen => self.dashboard.listen = address::read(given).map_err(refuse)?,
            Key::DesktopBackend => {
                self.desktop.backend = single(given).and_then(Backend::read).map_err(refuse)?;
            }
            Key::LedgerPath => self.ledger.path = path(given, places).map_err(refuse)?,
            Key::LedgerKeepRequestsDays => {
                self.ledger.keep_requests_days = single(given).and_then(days).map_err(refuse)?;
            }
            Key::TranscriptsEnabled => {
                self.transcripts.enabled = single(given).and_then(flag).map_err(refuse)?;
            }
            Key::LevelsNotice => self.levels.notice = level::read(given).map_err(refuse)?,
            Key::LevelsCheckpoint => self.levels.checkpoint = level::read(given).map_err(refuse)?,
            Key::LevelsUrgent => self.levels.urgent = level::read(given).map_err(refuse)?,
        }
        Ok(())
    }
}

fn from_environment(environment: &Environment) -> Result<Vec<Given>, ConfigError> {
    let named = Key::ALL.into_iter().map(|key| (key, key.variable()));
    let variables = std::iter::once((Key::ReceiverHttp, PORT_VARIABLE.to_owned())).chain(named);
    let mut given = Vec::new();
    for (key, variable) in variables {
        let Some(value) = environment.get(&variable) else { continue };
        let origin = Origin::Variable(variable);
        let Some(text) = value.to_str() else {
            let reason = "it is not UTF-8".to_owned();
            return Err(ConfigError::Value { key: key.name(), reason, origin });
        };
        given.push(Given { key, texts: texts(key, text), origin });
    }
    Ok(given)
}

/// Outside the file a list is separated by commas.
fn texts(key: Key, text: &str) -> Vec<String> {
    if key.is_list() {
        text.split(',').map(|part| part.trim().to_owned()).collect()
    } else {
        vec![text.to_owned()]
    }
}

/// An absolute path: `~/` is the home folder; a relative one is beside the configuration file when it stands
/// there, else below the working folder.
fn path(given: &Given, places: &Places) -> Result<PathBuf, String> {
    let text = single(given)?;
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

fn flag(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| format!("\"{text}\" is neither true nor false"))
}

fn single(given: &Given) -> Result<&str, String> {
    match given.texts.as_slice() {
        [text] => Ok(text),
        texts => Err(format!("one value is needed, not {}", texts.len())),
    }
}

#[cfg(test)]
mod tests;
