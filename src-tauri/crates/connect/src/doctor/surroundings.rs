//! What is to be said of the resident and the machine.

use super::{
    examine::Case,
    machine::{Ledger, Listener},
    report::{Finding, Fix, Severity},
    resident::Door,
};

/// What must be free where the ledger lies, in bytes.
const LEAST_FREE: u64 = 500_000_000;
/// How far the clocks may be apart, in milliseconds.
const MOST_SKEW: u64 = 60_000;

/// Everything that concerns neither one client nor its settings.
pub(super) fn findings(case: &Case<'_>) -> Vec<Finding> {
    let resident = case.resident;
    let mut findings = Vec::new();
    if !resident.is_running {
        let what = "Plimsoll does not run, so nothing is received.".to_owned();
        findings.push(Finding::problem("not-running", what, "Start it: `plimsoll`.".to_owned()));
    }
    let listeners = &case.machine.listeners;
    findings.extend(taken(&resident.http, "HTTP", Severity::Problem, listeners));
    findings.extend(taken(&resident.grpc, "gRPC", Severity::Advice, listeners));
    findings.extend(resident.skew_millis.and_then(skew));
    if let Some(ledger) = &case.machine.ledger {
        findings.extend(disk(ledger));
        findings.extend(exposed(ledger));
    }
    let is_new = |problem: &&Finding| findings.iter().all(|known| known.code != problem.code);
    let others: Vec<Finding> = resident.problems.iter().filter(is_new).cloned().collect();
    findings.extend(others);
    findings
}

/// Another program listens where we would.
fn taken(door: &Door, word: &str, severity: Severity, listeners: &[Listener]) -> Option<Finding> {
    if door.is_served {
        return None;
    }
    let is_ours = |listener: &&Listener| {
        door.addresses.iter().any(|address| address.port() == listener.address.port())
    };
    let listener = listeners.iter().find(is_ours)?;
    let program = match &listener.program {
        Some((pid, name)) => format!("{name} (process {pid})"),
        None => "a program of another user".to_owned(),
    };
    let port = listener.address.port();
    let what = format!("Port {port} is taken by {program}, so nothing is received over {word}.");
    let remedy = "Stop that program, or give Plimsoll another port and run `plimsoll connect`.";
    Some(Finding { severity, ..Finding::problem("port-taken", what, remedy.to_owned()) })
}

fn skew(millis: i64) -> Option<Finding> {
    (millis.unsigned_abs() > MOST_SKEW).then(|| {
        let seconds = millis.unsigned_abs() / 1000;
        let side = if millis > 0 { "ahead of" } else { "behind" };
        let what = format!("The clients' clock is {seconds} s {side} Plimsoll's.");
        let remedy = "Set the clock right, or restart the clients if it was set meanwhile.";
        Finding::problem("clock-jump", what, remedy.to_owned())
    })
}

fn disk(ledger: &Ledger) -> Option<Finding> {
    let free = ledger.free_bytes.filter(|free| *free < LEAST_FREE)?;
    let what = format!(
        "Only {} MB are free where the ledger lies, in {}.",
        free / 1_000_000,
        ledger.folder.display()
    );
    let remedy = "Make room there, or remove old requests with `plimsoll prune`.".to_owned();
    Some(Finding::problem("disk-nearly-full", what, remedy))
}

fn exposed(ledger: &Ledger) -> Option<Finding> {
    ledger.is_open_to_others.then(|| {
        let folder = ledger.folder.display();
        let what = format!("Other users of this machine can look into {folder}.");
        let fix = Some(Fix::MakePrivate { path: ledger.folder.clone() });
        Finding::problem("ledger-exposed", what, format!("Run `chmod o= '{folder}'`.")).with(fix)
    })
}
