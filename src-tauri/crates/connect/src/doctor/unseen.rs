//! Why a client is not seen, in words.

use super::{
    aim::{Aim, Aims},
    bugs,
    client::is_refused,
    examine::Case,
    layers::{Layers, Origin},
    machine::Process,
    proxy,
    report::{ClientState, Finding},
};

/// Why the client is in this state, unless all is well or the resident itself is to blame.
pub(super) fn finding(
    state: &ClientState,
    process: &Process,
    layers: &Layers<'_>,
    aims: &Aims<'_>,
    case: &Case<'_>,
) -> Option<Finding> {
    match state {
        ClientState::Sending | ClientState::Starting => None,
        ClientState::NeedsRestart => Some(needs_restart(process)),
        ClientState::Silent => silent(process, layers, aims, case),
        ClientState::SendingElsewhere { endpoint } => {
            Some(elsewhere(process, (layers, aims), endpoint))
        }
        ClientState::TelemetryOff => Some(off(process, layers, aims)),
        ClientState::Locked { endpoint } => Some(locked(endpoint.as_deref())),
    }
}

/// An administrator's settings keep clients from us.
pub(super) fn locked(endpoint: Option<&str>) -> Finding {
    let what = match endpoint {
        Some(endpoint) => {
            format!("The managed settings send Claude Code's telemetry to {endpoint}.")
        }
        None => "The managed settings switch Claude Code's telemetry off.".to_owned(),
    };
    Finding::problem("locked", what, "Only your administrator can change that.".to_owned())
}

fn needs_restart(process: &Process) -> Finding {
    let what = format!(
        "{} began before it was connected, and reads its settings only at its start.",
        name(process)
    );
    Finding::problem("needs-restart", what, restart(process))
}

fn silent(
    process: &Process,
    layers: &Layers<'_>,
    aims: &Aims<'_>,
    case: &Case<'_>,
) -> Option<Finding> {
    let name = name(process);
    if !aims.routes().any(|route| route.is_served) {
        return None;
    }
    let connect = format!("Run {}, and restart it.", layers.connect_command());
    if is_refused(process, case) {
        let what = format!("{name} shows a wrong token, so what it sends is refused.");
        return Some(Finding::problem("token-wrong", what, connect));
    }
    if case.resident.wants_token && !layers.have_headers() {
        let what = format!("{name} shows no token, so what it sends is refused.");
        return Some(Finding::problem("token-missing", what, connect));
    }
    if let Some((variable, host)) = aims.routes().find_map(|route| {
        proxy::variable(layers, &route.endpoint).map(|name| (name, &route.endpoint.host))
    }) {
        let what = format!("{name} sends to a proxy ({variable}), which cannot reach Plimsoll.");
        let remedy = format!("Add {host} to NO_PROXY, and restart it.");
        return Some(Finding::problem("proxy", what, remedy));
    }
    let version = process.version.as_deref().unwrap_or_default();
    if let Some(bug) = bugs::hiding(version) {
        let what = format!("{name} is version {version}, which {} ({}).", bug.does, bug.source);
        let remedy = "Update it with `claude update`, and restart it.".to_owned();
        return Some(Finding::problem("known-bug", what, remedy));
    }
    let what = format!("{name} is connected, but nothing arrives from it.");
    let remedy = "Answer what it asks at its start; if it asks nothing, restart it.".to_owned();
    Some(Finding::problem("silent", what, remedy))
}

fn elsewhere(process: &Process, (layers, aims): (&Layers<'_>, &Aims<'_>), place: &str) -> Finding {
    let fault = aims.both().into_iter().find_map(|(_, aim)| match aim {
        Aim::Elsewhere { endpoint, fault, .. } if endpoint == place => *fault,
        _ => None,
    });
    let remedy = format!("Run {}, and restart it.", layers.connect_command());
    let (code, what) = match fault {
        Some(fault) => ("endpoint-wrong", format!("{} sends to {place}: {fault}.", name(process))),
        None => ("sending-elsewhere", format!("{} sends to {place}.", name(process))),
    };
    Finding::problem(code, what, remedy)
}

fn off(process: &Process, layers: &Layers<'_>, aims: &Aims<'_>) -> Finding {
    let origin = aims.both().into_iter().find_map(|(_, aim)| match aim {
        Aim::Off(origin) => *origin,
        _ => None,
    });
    let what = match origin {
        Some(origin) => format!("{} has its telemetry switched off by {origin}.", name(process)),
        None => format!("{} sends no telemetry.", name(process)),
    };
    let connect = format!("Run {}, and restart it.", layers.connect_command());
    if let Some(Origin::Project(path)) = origin {
        let remedy = format!("Take the exporters out of {}, and restart it.", path.display());
        return Finding::problem("telemetry-off", what, remedy);
    }
    Finding::problem("telemetry-off", what, connect).with(layers.connect_fix())
}

fn name(process: &Process) -> String {
    match &process.working_dir {
        Some(folder) => format!("Claude Code (process {}) in {}", process.pid, folder.display()),
        None => format!("Claude Code (process {})", process.pid),
    }
}

fn restart(process: &Process) -> String {
    match (process.has_terminal, &process.working_dir) {
        (Some(true), Some(folder)) => {
            format!("Leave it, and go on with `claude --continue` in {}.", folder.display())
        }
        (Some(false), _) => "Restart it, or the program that runs it.".to_owned(),
        _ => "Leave it, and go on with `claude --continue`.".to_owned(),
    }
}
