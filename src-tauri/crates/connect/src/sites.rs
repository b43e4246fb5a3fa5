//! The client's settings files on this machine: what connecting and disconnecting would change in each, and doing it.

use std::path::{Path, PathBuf};

use plimsoll_domain::{Timestamp, calendar::rfc3339};

use crate::settings::{
    self, Current, Destination, Digest, Edit, Installation, Lock, LockKind, Managed, Plimsoll,
    Record, Records, RecordsError, SettingsError, State, Telemetry, Wish, WriteError,
};

/// Where the client's settings may be, and what they are to say.
#[derive(Debug, Clone)]
pub struct Sites {
    /// Plimsoll as settings name it.
    pub plimsoll: Plimsoll,
    /// The client's configuration folders, the usual one first.
    pub config_dirs: Vec<PathBuf>,
    /// Where an organisation's settings are: [`settings::managed_paths`].
    pub managed: Vec<PathBuf>,
    /// What was changed is kept here.
    pub records: Records,
    /// Why nothing would arrive however settings are; one sentence.
    pub obstacle: Option<String>,
}

/// What is wished of connecting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choices {
    /// Whether hooks are to tell of sessions.
    pub hooks: bool,
    /// Whether the status line is to be handed on.
    pub status_line: bool,
    /// What becomes of telemetry that goes elsewhere.
    pub destination: Destination,
}

/// A settings file, and what could be done with it.
#[derive(Debug)]
pub struct Site {
    /// The file.
    pub installation: Installation,
    /// Whether telemetry comes here by it.
    pub state: SiteState,
    /// What could be done; or why nothing can, one sentence.
    pub plan: Result<Plan, String>,
    /// Why a change would not help; one sentence.
    pub trouble: Option<String>,
    /// Names the present content.
    pub fingerprint: String,
    /// What was changed before.
    pub record: Option<Record>,
}

/// What could be done with a settings file.
#[derive(Debug)]
pub struct Plan {
    /// What it says now.
    pub current: Current,
    /// What connecting would change.
    pub connect: Edit,
    /// What disconnecting would change.
    pub disconnect: Edit,
}

/// Whether telemetry comes here by a settings file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SiteState {
    /// It does.
    Connected,
    /// It does, but not as it should.
    Partly,
    /// It says nothing of telemetry.
    NotConnected,
    /// Telemetry goes elsewhere.
    Elsewhere,
    /// An organisation's settings decide.
    Locked,
    /// The file cannot be read as settings.
    Unusable,
}

/// A settings file that was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The copy of what was there before; `None` where nothing was.
    pub backup: Option<PathBuf>,
    /// Whether anything was written.
    pub is_written: bool,
    /// Values of ours that the user changed since, and which stay.
    pub kept: Vec<String>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// No client's settings are there.
    #[error("{} is no settings file of a client that was found", .0.display())]
    Unknown(PathBuf),
    /// It is not the content that the difference was shown of.
    #[error("{} was changed in the meantime", .0.display())]
    Changed(PathBuf),
    /// The file cannot be edited; the sentence says why.
    #[error("{0}")]
    Unusable(String),
    /// What was changed before is not known.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The file was not written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Sites {
    /// Looks at every settings file: of the folders that exist, and of the usual one.
    ///
    /// # Errors
    /// When it cannot be read what was changed before.
    pub fn look(&self, choices: Choices) -> Result<Vec<Site>, SiteError> {
        let managed = settings::managed(&self.managed, &self.plimsoll);
        let usual = self.config_dirs.first();
        let dirs = self.config_dirs.iter().filter(|dir| Some(*dir) == usual || dir.is_dir());
        let dirs: Vec<PathBuf> = dirs.cloned().collect();
        let found = settings::find(&dirs).into_iter();
        found.map(|installation| self.site(installation, choices, &managed)).collect()
    }

    /// Connects the client of one file, if its content is still the one that the difference was shown of.
    ///
    /// # Errors
    /// When it is not, or the file cannot be written.
    pub fn connect(
        &self,
        file: &Path,
        fingerprint: &str,
        choices: Choices,
        now: Timestamp,
    ) -> Result<Done, SiteError> {
        let site = self.find(file, fingerprint, choices)?;
        self.write(&site.installation, site.plan.map(|plan| plan.connect), now)
    }

    /// Takes back what connecting changed.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub fn disconnect(
        &self,
        file: &Path,
        fingerprint: &str,
        now: Timestamp,
    ) -> Result<Done, SiteError> {
        let nothing = Choices { hooks: false, status_line: false, destination: Destination::Keep };
        let site = self.find(file, fingerprint, nothing)?;
        self.write(&site.installation, site.plan.map(|plan| plan.disconnect), now)
    }

    fn find(&self, file: &Path, fingerprint: &str, choices: Choices) -> Result<Site, SiteError> {
        let mut sites = self.look(choices)?.into_iter();
        let site = sites
            .find(|site| site.installation.settings == file)
            .ok_or_else(|| SiteError::Unknown(file.to_owned()))?;
        if site.fingerprint == fingerprint {
            Ok(site)
        } else {
            Err(SiteError::Changed(file.to_owned()))
        }
    }

    fn write(
        &self,
        installation: &Installation,
        edit: Result<Edit, String>,
        now: Timestamp,
    ) -> Result<Done, SiteError> {
        let mut edit = edit.map_err(SiteError::Unusable)?;
        if let Some(record) = &mut edit.record {
            record.written_at(now);
        }
        // Page and commands may change the same file.
        let _alone = self.records.lock()?;
        make_folder(installation)?;
        let is_written = !edit.is_empty() || edit.remove;
        let written = settings::apply(installation, &edit, &stamp(now), &self.records)?;
        Ok(Done { backup: written.backup, is_written, kept: edit.kept })
    }

    fn site(
        &self,
        installation: Installation,
        choices: Choices,
        managed: &Managed,
    ) -> Result<Site, SiteError> {
        let record = self.records.get(&installation.target)?;
        let text = installation.text();
        let fingerprint = text.map_or_else(String::new, |text| Digest::of(text).into_text());
        let plan = match text {
            Some(text) => self.plan(text, choices, record.as_ref()).map_err(|error| {
                format!("{} is not edited: {error}.", installation.settings.display())
            }),
            None => Err(unusable(&installation)),
        };
        let state = match &plan {
            Err(_) => SiteState::Unusable,
            Ok(_) if managed.locks_telemetry() => SiteState::Locked,
            Ok(plan) => state(&plan.current.telemetry),
        };
        let unloaded = text.and_then(|text| crate::strict::read(text).err());
        let trouble = unloaded
            .map(|line| not_loaded(&installation.settings, line))
            .or_else(|| self.obstacle.clone())
            .or_else(|| standing(&plan.as_ref().ok()?.current, managed));
        Ok(Site { state, plan, trouble, fingerprint, record, installation })
    }

    fn plan(
        &self,
        text: &str,
        choices: Choices,
        record: Option<&Record>,
    ) -> Result<Plan, SettingsError> {
        let Choices { hooks, status_line, destination } = choices;
        let plimsoll = self.plimsoll.clone();
        let wish = Wish { plimsoll, telemetry: true, hooks, status_line, destination };
        Ok(Plan {
            current: settings::read(text, &self.plimsoll)?,
            connect: settings::connect(text, &wish, record)?,
            disconnect: settings::disconnect(text, record, &self.plimsoll)?,
        })
    }
}

impl Site {
    /// Why nothing can be changed, or why a change would not help; one sentence.
    #[must_use]
    pub fn trouble(&self) -> Option<&str> {
        self.plan.as_ref().err().or(self.trouble.as_ref()).map(String::as_str)
    }
}

impl Plan {
    /// Where telemetry goes instead: host and port, without anything secret.
    #[must_use]
    pub fn destination(&self) -> Option<String> {
        match &self.current.telemetry {
            Telemetry::Elsewhere { endpoint, metrics, logs } => {
                let told = [logs, metrics, endpoint].into_iter().flatten();
                told.map(|address| host(address)).next()
            }
            _ => None,
        }
    }
}

/// A client that was never started has no folder for its settings yet.
fn make_folder(installation: &Installation) -> Result<(), SiteError> {
    let Some(folder) = installation.target.parent().filter(|folder| !folder.exists()) else {
        return Ok(());
    };
    let failed =
        |error| SiteError::Unusable(format!("{} cannot be made: {error}", folder.display()));
    settings::make_private(folder).map_err(failed)
}

/// For the names of backups: they sort by age.
fn stamp(now: Timestamp) -> String {
    rfc3339(now).chars().filter(char::is_ascii_alphanumeric).collect()
}

fn state(telemetry: &Telemetry) -> SiteState {
    match telemetry {
        Telemetry::Off => SiteState::NotConnected,
        Telemetry::Ours { complete: true } => SiteState::Connected,
        Telemetry::Ours { complete: false } => SiteState::Partly,
        Telemetry::Elsewhere { .. } => SiteState::Elsewhere,
    }
}

fn host(address: &str) -> String {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    authority.rsplit('@').next().unwrap_or(authority).to_owned()
}

fn unusable(installation: &Installation) -> String {
    let path = installation.settings.display();
    let why = match &installation.state {
        State::Dangling => {
            "it is a link that leads nowhere; make the file that it names".to_owned()
        }
        State::NotAFile => "it is no file".to_owned(),
        State::TooLarge => format!("it is larger than {} MiB", settings::LARGEST >> 20),
        State::NotText => "it is not UTF-8".to_owned(),
        State::Unreadable(error) => format!("it cannot be read ({error})"),
        State::Readable(_) | State::Missing => "it cannot be edited".to_owned(),
    };
    format!("{path} is not edited: {why}.")
}

/// It is edited all the same: its comments are the user's.
fn not_loaded(file: &Path, line: usize) -> String {
    format!(
        "Claude Code loads nothing of {}: line {line} is no plain JSON, and it takes neither comments nor a comma \
         after the last entry. Remove that, or what is written there has no effect.",
        file.display()
    )
}

/// What stands against connecting although it could be written.
fn standing(current: &Current, managed: &Managed) -> Option<String> {
    let lock = managed.locks.iter().find(|lock| matches!(lock.kind, LockKind::Telemetry { .. }));
    if let Some(Lock { file, kind: LockKind::Telemetry { key, .. } }) = lock {
        return Some(format!(
            "{} of your organisation sets {key}, which beats your settings: only whoever keeps that file can send \
             telemetry here. Plimsoll follows the transcripts meanwhile.",
            file.display()
        ));
    }
    if let Some((file, why)) = managed.unread.first() {
        return Some(format!("{} could not be read ({why}): it may decide.", file.display()));
    }
    if current.hooks_disabled {
        return Some(
            "disableAllHooks is set: neither hooks nor a status line run until it is removed."
                .to_owned(),
        );
    }
    if managed.locks_hooks() {
        return Some("Your organisation's settings let none of these hooks run.".to_owned());
    }
    current.hook_address_refused.then(|| {
        "allowedHttpHookUrls leaves Plimsoll's address out: its hooks do not run until it is added."
            .to_owned()
    })
}
