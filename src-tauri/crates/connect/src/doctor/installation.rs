//! What is to be said of the client's settings files, whether a client runs or not.

use std::path::{Path, PathBuf};

use super::{
    aim::Aims,
    client::state_by_settings,
    examine::Case,
    layers::Layers,
    machine::Process,
    report::{ClientState, Finding, Fix},
    settings_file::{Condition, SettingsFile},
    unseen::locked,
};

/// What is wrong with the files, and which folders are not connected.
pub(super) fn findings(case: &Case<'_>, clients: &[&Process]) -> Vec<Finding> {
    let files = case.machine.files();
    let mut findings: Vec<Finding> =
        files.flat_map(|file| [broken(file), exposed(file)]).flatten().collect();
    findings.extend(unconnected(case, clients));
    findings
}

fn broken(file: &SettingsFile) -> Option<Finding> {
    let path = file.path.display();
    match file.condition {
        Condition::Missing | Condition::Read => None,
        Condition::Unreadable => {
            let what = format!("The settings {path} cannot be read.");
            let remedy = format!("Look at its owner and rights: `ls -l '{path}'`.");
            Some(Finding::problem("settings-unreadable", what, remedy))
        }
        Condition::Invalid { line } => {
            let place = line.map(|line| format!(" (line {line})")).unwrap_or_default();
            let what =
                format!("The settings {path} are not valid JSON{place}, so none of them hold.");
            let remedy = "Mend the file; Claude Code takes neither comments nor a comma after the last entry.".to_owned();
            Some(Finding::problem("settings-invalid", what, remedy))
        }
    }
}

/// A file with headers, which may be a secret, that others can read.
fn exposed(file: &SettingsFile) -> Option<Finding> {
    (file.is_open_to_others && file.variables.have_headers()).then(|| {
        let path = file.path.display();
        let what = format!("Other users of this machine can read the headers in {path}.");
        let fix = Some(Fix::MakePrivate { path: file.path.clone() });
        Finding::problem("settings-exposed", what, format!("Run `chmod o= '{path}'`.")).with(fix)
    })
}

/// The folders whose clients do not send to us. Where all that run do so by their environment, no settings are needed.
fn unconnected(case: &Case<'_>, clients: &[&Process]) -> Vec<Finding> {
    let is_ours = |layers: Layers<'_>| Aims::of(&layers, case.resident).are_ours();
    let is_connected = |folder: &&PathBuf| {
        let mut own = clients.iter().filter(|process| process.config_dir == **folder).peekable();
        let by_environment =
            own.peek().is_some() && own.all(|process| is_ours(Layers::of(process, case.machine)));
        by_environment || is_ours(Layers::of_folder(folder, case.machine))
    };
    let (connected, others): (Vec<_>, Vec<_>) =
        case.machine.settings.keys().partition(is_connected);
    others.into_iter().map(|folder| not_connected(folder, !connected.is_empty(), case)).collect()
}

fn not_connected(folder: &Path, is_other_connected: bool, case: &Case<'_>) -> Finding {
    let layers = Layers::of_folder(folder, case.machine);
    let aims = Aims::of(&layers, case.resident);
    if let Some(ClientState::Locked { endpoint }) = state_by_settings(&aims) {
        return locked(endpoint.as_deref());
    }
    let name = folder.display();
    let remedy = format!("Run {}.", layers.connect_command());
    // No fix where another place was chosen on purpose.
    let fix = layers.connect_fix().filter(|_| !aims.are_others());
    if is_other_connected {
        let what = format!("Clients with the settings in {name} are not connected, others are.");
        return Finding::advice("installations-differ", what, remedy).with(fix);
    }
    let what =
        format!("Claude Code is not connected: the settings in {name} do not name Plimsoll.");
    Finding::problem("not-connected", what, remedy).with(fix)
}
