//! What could be better in settings that do send to us.

use std::time::Duration;

use super::{
    aim::{Aim, Aims, Signal, is_true},
    bugs,
    examine::Case,
    layers::{Found, Layers, Origin},
    machine::Process,
    report::Finding,
    variables::{INTERVAL, SESSION_IDS, TEMPORALITY},
};

/// From this interval on, numbers lag behind. It is the client's own, where none is set.
const SLOW: Duration = Duration::from_secs(60);

/// What the settings of all folders and clients lack that send to us.
pub(super) fn findings(case: &Case<'_>, clients: &[&Process]) -> Vec<Finding> {
    let folders = case.machine.settings.keys();
    let folders = folders.map(|folder| Layers::of_folder(folder, case.machine));
    let running = clients.iter().map(|process| Layers::of(process, case.machine));
    let mut findings: Vec<Finding> =
        folders.chain(running).flat_map(|layers| of_layers(&layers, case)).collect();
    findings.extend(clients.iter().filter_map(|process| distorted(process, case)));
    findings
}

fn of_layers(layers: &Layers<'_>, case: &Case<'_>) -> Vec<Finding> {
    let aims = Aims::of(layers, case.resident);
    if !aims.are_ours() {
        return Vec::new();
    }
    let sends_metrics = matches!(aims.metrics, Aim::Ours(_));
    let mut findings = Vec::new();
    for (signal, aim) in aims.both() {
        findings.extend(match aim {
            Aim::Off(origin) => Some(signal_off(signal, *origin, layers)),
            Aim::Elsewhere { endpoint, origin, .. } => {
                Some(signal_elsewhere(signal.word(), endpoint, *origin, layers))
            }
            Aim::Ours(_) => None,
        });
    }
    findings.extend(session_ids(layers));
    findings.extend(aims.routes().any(|route| route.is_grpc).then(|| grpc(layers)));
    if sends_metrics {
        findings.extend(interval(layers));
        findings.extend(temporality(layers));
    }
    findings
}

fn signal_off(signal: Signal, origin: Option<Origin<'_>>, layers: &Layers<'_>) -> Finding {
    let word = signal.word();
    let code = match signal {
        Signal::Metrics => "metrics-off",
        Signal::Logs => "logs-off",
    };
    let what = match origin {
        Some(origin) => format!("{word} are switched off by {origin}."),
        None => format!("{word} are not switched on in {}.", layers.config_dir.display()),
    };
    let finding = Finding::problem(code, what, String::new());
    mend(finding, signal.exporter(), origin, layers)
}

fn signal_elsewhere(
    word: &str,
    endpoint: &str,
    origin: Option<Origin<'_>>,
    layers: &Layers<'_>,
) -> Finding {
    let by = origin.map(|origin| format!(" by {origin}")).unwrap_or_default();
    let what = format!("{word} are sent to {endpoint}{by}.");
    // No fix: another place was chosen on purpose.
    let remedy = format!("Run {} to send them here.", layers.connect_command());
    Finding::problem("signal-elsewhere", what, remedy)
}

fn session_ids(layers: &Layers<'_>) -> Option<Finding> {
    let found = layers.find(SESSION_IDS).filter(|found| !is_true(found.value))?;
    let what =
        format!("Session ids are left out by {}, so use belongs to no session.", found.origin);
    let finding = Finding::problem("session-ids-off", what, String::new());
    Some(mend(finding, SESSION_IDS, Some(found.origin), layers))
}

fn grpc(layers: &Layers<'_>) -> Finding {
    let what = format!(
        "Clients with the settings in {} use gRPC, over which they never try again.",
        layers.config_dir.display()
    );
    let remedy = format!("Run {} to use HTTP.", layers.connect_command());
    Finding::advice("grpc", what, remedy).with(layers.connect_fix())
}

fn interval(layers: &Layers<'_>) -> Option<Finding> {
    let found = layers.find(INTERVAL);
    let millis = found.and_then(|found| found.value.parse().ok());
    let interval = millis.map_or(SLOW, Duration::from_millis);
    let what = format!("Metrics come every {} s only{}.", interval.as_secs(), by(found, layers));
    (interval >= SLOW).then(|| {
        let finding = Finding::advice("metrics-interval", what, String::new());
        mend(finding, INTERVAL, found.map(|found| found.origin), layers)
    })
}

fn temporality(layers: &Layers<'_>) -> Option<Finding> {
    let found = layers.find(TEMPORALITY);
    if found.is_some_and(|found| found.value.eq_ignore_ascii_case("cumulative")) {
        return None;
    }
    let what =
        format!("Metrics are sent as differences{}, so a lost one stays lost.", by(found, layers));
    let finding = Finding::advice("delta-metrics", what, String::new());
    Some(mend(finding, TEMPORALITY, found.map(|found| found.origin), layers))
}

/// A client whose version makes its numbers wrong.
fn distorted(process: &Process, case: &Case<'_>) -> Option<Finding> {
    let version = process.version.as_deref()?;
    let bug = bugs::distorting(version, &Layers::of(process, case.machine))?;
    let what = format!("Claude Code {version} {} ({}).", bug.does, bug.source);
    Some(Finding::advice("known-bug", what, "Update it with `claude update`.".to_owned()))
}

fn by(found: Option<Found<'_>>, layers: &Layers<'_>) -> String {
    match found {
        Some(found) => format!(" by {}", found.origin),
        None => format!(" with the settings in {}", layers.config_dir.display()),
    }
}

/// Adds how to get rid of the value of this variable.
fn mend(
    finding: Finding,
    variable: &str,
    origin: Option<Origin<'_>>,
    layers: &Layers<'_>,
) -> Finding {
    match origin {
        Some(Origin::Project(path)) => {
            Finding { remedy: format!("Take {variable} out of {}.", path.display()), ..finding }
        }
        Some(Origin::Managed(_)) => {
            Finding { remedy: "Only your administrator can change that.".to_owned(), ..finding }
        }
        Some(Origin::User(_) | Origin::Environment) | None => {
            let remedy = format!("Run {}.", layers.connect_command());
            Finding { remedy, ..finding }.with(layers.connect_fix())
        }
    }
}
