//! Settings files as the API shows and changes them.

use std::path::Path;

use plimsoll_api::{
    Time,
    setup::{
        ConnectChoices, ConnectPlan, ConnectWish, Connected, Installation, SetupError, Snippet,
    },
};
use plimsoll_connect::{
    Choices, Done, Plan, Site, SiteError, SiteState, Sites,
    settings::{self, Destination, Hooks, Record, StatusLine, Wish, WriteError},
};
use plimsoll_domain::Timestamp;

/// Other places for the same settings.
const PLACES: [(settings::Snippet, &str, &str); 8] = [
    (settings::Snippet::Posix, "shell", "Profile of bash or zsh"),
    (settings::Snippet::Fish, "fish", "Profile of fish"),
    (settings::Snippet::PowerShell, "powershell", "Profile of PowerShell"),
    (settings::Snippet::DevContainer, "devcontainer", "devcontainer.json"),
    (settings::Snippet::Ssh, "ssh", "A machine reached by SSH"),
    (settings::Snippet::Wsl, "wsl", "A Linux within Windows"),
    (settings::Snippet::GitHubActions, "ci", "A workflow of GitHub Actions"),
    (settings::Snippet::Settings, "settings", "settings.json by hand"),
];

/// What connecting would change everywhere.
///
/// # Errors
/// When it cannot be read what was changed before.
pub fn plan(sites: &Sites, choices: ConnectChoices) -> Result<ConnectPlan, SetupError> {
    let found = sites.look(chosen(choices)).map_err(refused)?;
    Ok(ConnectPlan {
        endpoint: sites.plimsoll.receiver.endpoint.clone(),
        installations: found.iter().map(installation).collect(),
        snippets: snippets(sites, choices),
    })
}

/// Connects the client of one file.
///
/// # Errors
/// When the file is not the one that the difference was shown of, or cannot be written.
pub fn connect(sites: &Sites, wish: ConnectWish, now: Timestamp) -> Result<Connected, SetupError> {
    let file = Path::new(&wish.settings);
    let done = sites.connect(file, &wish.fingerprint, chosen(wish.choices), now);
    done.map(|done| connected(wish.settings, done, now)).map_err(refused)
}

/// Takes that back.
///
/// # Errors
/// As [`connect`].
pub fn disconnect(
    sites: &Sites,
    wish: ConnectWish,
    now: Timestamp,
) -> Result<Connected, SetupError> {
    let done = sites.disconnect(Path::new(&wish.settings), &wish.fingerprint, now);
    done.map(|done| connected(wish.settings, done, now)).map_err(refused)
}

fn connected(settings: String, done: Done, now: Timestamp) -> Connected {
    Connected {
        settings,
        backup: done.backup.map(|path| path.display().to_string()),
        written_at: done.is_written.then_some(Time(now)),
        kept: done.kept,
    }
}

fn chosen(choices: ConnectChoices) -> Choices {
    let ConnectChoices { hooks, status_line, replace } = choices;
    let destination = if replace { Destination::Move } else { Destination::Keep };
    Choices { hooks, status_line, destination }
}

fn refused(error: SiteError) -> SetupError {
    match error {
        SiteError::Unknown(path) => SetupError::Unknown(path.display().to_string()),
        SiteError::Changed(path) | SiteError::Write(WriteError::Changed(path)) => {
            SetupError::Changed(path.display().to_string())
        }
        SiteError::Unusable(sentence) => SetupError::Refused(sentence),
        SiteError::Write(done @ WriteError::NotForgotten(_)) => {
            SetupError::Refused(format!("{done}."))
        }
        SiteError::Records(error) => SetupError::Refused(format!(
            "It is not known what was changed before: {error}. Move that file away to go on without it."
        )),
        other @ SiteError::Write(_) => {
            SetupError::Refused(format!("Nothing was changed: {other}."))
        }
    }
}

fn installation(site: &Site) -> Installation {
    let plan = site.plan.as_ref().ok();
    let current = plan.map(|plan| &plan.current);
    let record = site.record.as_ref();
    Installation {
        settings: site.installation.settings.display().to_string(),
        state: match site.state {
            SiteState::Connected => "connected",
            SiteState::Partly => "partly",
            SiteState::NotConnected => "not-connected",
            SiteState::Elsewhere => "elsewhere",
            SiteState::Locked => "locked",
            SiteState::Unusable => "unusable",
        },
        trouble: site.trouble().map(ToOwned::to_owned),
        destination: plan.and_then(Plan::destination),
        hooks: current.is_some_and(|current| current.hooks != Hooks::Absent),
        status_line: match current.map(|current| &current.status_line) {
            None | Some(StatusLine::Absent) => "none",
            Some(StatusLine::Ours { .. }) => "ours",
            Some(StatusLine::Own(_)) => "theirs",
        },
        diff: plan.map(|plan| plan.connect.diff()).unwrap_or_default(),
        undo: plan.map(|plan| plan.disconnect.diff()).unwrap_or_default(),
        fingerprint: site.fingerprint.clone(),
        connected_at: record.and_then(Record::written).map(Time),
        backup: record.and_then(|record| Some(record.backup.as_ref()?.display().to_string())),
    }
}

fn snippets(sites: &Sites, choices: ConnectChoices) -> Vec<Snippet> {
    let Choices { hooks, status_line, destination } = chosen(choices);
    let plimsoll = sites.plimsoll.clone();
    let wish = Wish { plimsoll, telemetry: true, hooks, status_line, destination };
    let told = PLACES.into_iter().filter_map(|(place, name, title)| {
        Some(Snippet { name, title, text: settings::snippet(&wish, place).ok()? })
    });
    told.collect()
}
