//! What is to be said of one client.

use std::time::Duration;

use super::{
    aim::{Aim, Aims},
    examine::Case,
    layers::{Layers, Origin},
    machine::Process,
    report::{Client, ClientState},
    unseen,
};

/// How long a client may take until something must have arrived.
const START: Duration = Duration::from_secs(15);
/// How much later than `started_at` a client may have begun: the start of the machine and the ticks since then are
/// rounded down to seconds each. Within that, a client counts as begun after its settings were written: it is told
/// to restart only where that is certain, and stays "silent" else, whose remedy is the same.
const START_PRECISION: Duration = Duration::from_secs(2);

/// Judges a client.
pub(super) fn judge(process: &Process, case: &Case<'_>) -> Client {
    let layers = Layers::of(process, case.machine);
    let aims = Aims::of(&layers, case.resident);
    let heard = case.heard(process).filter(|_| !is_refused(process, case));
    let state = match heard {
        Some(_) => ClientState::Sending,
        None => state(process, &layers, &aims, case),
    };
    Client {
        pid: process.pid,
        finding: unseen::finding(&state, process, &layers, &aims, case),
        state,
        since: process.started_at,
        last_export: heard.map(|peer| peer.last_export),
        sessions: heard.map(|peer| peer.sessions.clone()).unwrap_or_default(),
        project: process.working_dir.clone(),
        config_dir: process.config_dir.clone(),
        version: process.version.clone(),
    }
}

/// Whether what it sends is refused for its token.
pub(super) fn is_refused(process: &Process, case: &Case<'_>) -> bool {
    case.sockets(process.pid).any(|socket| case.resident.refused.contains(&socket.local_port))
}

/// The state of a client of which nothing arrives.
fn state(process: &Process, layers: &Layers<'_>, aims: &Aims<'_>, case: &Case<'_>) -> ClientState {
    if !aims.are_ours() {
        return state_elsewhere(aims);
    }
    if began_before(process, layers, case) {
        ClientState::NeedsRestart
    } else if case.now.since(process.started_at) < START {
        ClientState::Starting
    } else {
        ClientState::Silent
    }
}

/// Whether the client began before the settings that point it to us were written.
fn began_before(process: &Process, layers: &Layers<'_>, case: &Case<'_>) -> bool {
    let connected = case.resident.connected.get(&process.config_dir).copied();
    let file = case.machine.settings.get(&process.config_dir);
    let written = connected.or_else(|| file.and_then(|file| file.modified));
    written.is_some_and(|written| process.started_at.after(START_PRECISION) <= written)
        && !Aims::of(&layers.without_user(), case.resident).are_ours()
}

fn state_elsewhere(aims: &Aims<'_>) -> ClientState {
    let place = aims.both().into_iter().find_map(|(_, aim)| match aim {
        Aim::Elsewhere { endpoint, origin, .. } => Some((endpoint.clone(), *origin)),
        _ => None,
    });
    match place {
        Some((endpoint, Some(Origin::Managed(_)))) => {
            ClientState::Locked { endpoint: Some(endpoint) }
        }
        Some((endpoint, _)) => ClientState::SendingElsewhere { endpoint },
        None if aims.both().iter().any(|(_, aim)| is_managed_off(aim)) => {
            ClientState::Locked { endpoint: None }
        }
        None => ClientState::TelemetryOff,
    }
}

fn is_managed_off(aim: &Aim<'_>) -> bool {
    matches!(aim, Aim::Off(Some(Origin::Managed(_))))
}

/// The state of any client with these settings.
pub(super) fn state_by_settings(aims: &Aims<'_>) -> Option<ClientState> {
    (!aims.are_ours()).then(|| state_elsewhere(aims))
}
