//! `plimsoll doctor`: who is seen, who is not and why, and what to do.

use std::{
    io::{self, Write},
    path::Path,
};

use anyhow::Context;
use plimsoll_domain::{Timestamp, text::plain};
use plimsoll_engine::setup::{ConnectChoices, Fix};
use plimsoll_programs::{Exit, Surroundings, now};
use serde::Deserialize;
use serde_json::Value;

use super::{
    command_runtime,
    connect::{Desk, Target},
    table::Table,
    text::age,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    /// Do what can safely be done, then look again
    #[arg(long)]
    fix: bool,
    /// Print what is found as JSON
    #[arg(long)]
    json: bool,
}

/// What was found.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    clients: Vec<Client>,
    findings: Vec<Finding>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Client {
    pid: u32,
    state: String,
    project: Option<String>,
    started_at: String,
    last_export_at: Option<String>,
    finding: Option<Finding>,
}

#[derive(Debug, Deserialize)]
struct Finding {
    code: String,
    severity: String,
    what: String,
    remedy: String,
    fix: Option<Fix>,
}

pub(crate) fn run(flags: &Flags, around: &Surroundings) -> anyhow::Result<()> {
    let mut desk = Desk::open(around)?;
    let runtime = command_runtime()?;
    let mut told = runtime.block_on(desk.doctor())?;
    if flags.fix {
        let done = fix(&mut desk, &read(&told)?);
        if !flags.json {
            done.iter().try_for_each(|line| writeln!(io::stdout(), "{line}"))?;
        }
        told = runtime.block_on(desk.doctor())?;
    }
    let report = read(&told)?;
    let mut out = io::stdout().lock();
    if flags.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&told)?)?;
    } else {
        show(&mut out, &report, now())?;
    }
    out.flush()?;
    if report.is_well() { Ok(()) } else { Err(Exit::Failed.quietly()) }
}

fn read(told: &Value) -> anyhow::Result<Report> {
    Report::deserialize(told).context("Plimsoll gave an answer of another version")
}

impl Report {
    /// Reads what an engine answers.
    pub(crate) fn read(body: &[u8]) -> anyhow::Result<Self> {
        serde_json::from_slice(body).context("Plimsoll gave an answer of another version")
    }

    fn findings(&self) -> impl Iterator<Item = &Finding> {
        let of_clients = self.clients.iter().filter_map(|client| client.finding.as_ref());
        of_clients.chain(&self.findings)
    }

    fn is_well(&self) -> bool {
        !self.findings().any(|finding| finding.severity == "problem")
    }

    /// How many clients there are, and how they are.
    pub(crate) fn sentence(&self) -> String {
        let of = |state: &str| self.clients.iter().filter(|client| client.state == state).count();
        let counted = [
            (of("sending"), "sends", "send"),
            (of("starting"), "is starting", "are starting"),
            (of("needs-restart"), "needs a restart", "need a restart"),
            (of("silent"), "is silent", "are silent"),
            (of("sending-elsewhere"), "sends elsewhere", "send elsewhere"),
            (of("telemetry-off"), "has telemetry off", "have telemetry off"),
            (of("locked"), "is locked by your organisation", "are locked by your organisation"),
        ];
        let all = self.clients.len();
        let told: Vec<String> = counted
            .into_iter()
            .filter(|(count, ..)| *count > 0)
            .map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }))
            .collect();
        match (all, told.as_slice()) {
            (0, _) => "No client is running.".to_owned(),
            (1, [_]) => {
                let state = told[0].split_once(' ').map_or("", |(_, state)| state);
                format!("1 client is running; it {state}.")
            }
            (all, _) => format!("{all} clients are running; {}.", told.join(", ")),
        }
    }

    /// The first thing to do; `None` where there is nothing.
    pub(crate) fn next_step(&self) -> Option<String> {
        let mut problems = self.findings().filter(|finding| finding.severity == "problem");
        problems.next().map(|finding| format!("{} {}", finding.what, finding.remedy))
    }
}

fn show(out: &mut impl Write, report: &Report, now: Timestamp) -> io::Result<()> {
    writeln!(out, "{}", report.sentence())?;
    let mut table = Table::default();
    for client in &report.clients {
        let heard = match &client.last_export_at {
            Some(time) => format!("last export {}", age(time, now)),
            None => format!("started {}", age(&client.started_at, now)),
        };
        table.push(vec![
            client.pid.to_string(),
            client.state.replace('-', " "),
            heard,
            plain(client.project.as_deref().unwrap_or_default(), usize::MAX),
        ]);
    }
    if !report.clients.is_empty() {
        writeln!(out)?;
        table.write(out, "  ")?;
    }
    let mut said: Vec<&str> = Vec::new();
    for finding in report.findings() {
        // Several clients often lack the same.
        if said.contains(&finding.what.as_str()) {
            continue;
        }
        said.push(&finding.what);
        let [what, remedy] = [&finding.what, &finding.remedy].map(|text| plain(text, usize::MAX));
        writeln!(out, "\n{what} ({})\n  {remedy}", finding.code)?;
    }
    if said.is_empty() && !report.clients.is_empty() {
        writeln!(out, "\nNothing is wrong.")?;
    }
    Ok(())
}

/// Does what findings offer, and says what was done.
fn fix(desk: &mut Desk, report: &Report) -> Vec<String> {
    let mut done = Vec::new();
    let mut seen: Vec<(String, String)> = Vec::new();
    for Fix { name, path } in report.findings().filter_map(|finding| finding.fix.clone()) {
        if seen.contains(&(name.clone(), path.clone())) {
            continue;
        }
        seen.push((name.clone(), path.clone()));
        let outcome = match name.as_str() {
            "connect" => connect(desk, Path::new(&path)),
            "make-private" => {
                make_private(&path).map(|()| Some(format!("Only you can read {path} now.")))
            }
            _ => Ok(None),
        };
        done.extend(outcome.unwrap_or_else(|error| Some(format!("Not mended: {error:#}."))));
    }
    done
}

/// Telemetry alone: hooks and status line need a consent of their own.
fn connect(desk: &mut Desk, config_dir: &Path) -> anyhow::Result<Option<String>> {
    desk.know(config_dir);
    let choices = ConnectChoices { hooks: false, status_line: false, replace: false };
    let target = Target::file(config_dir.join("settings.json"));
    let Some(found) = desk.installations(&target, choices)?.into_iter().next() else {
        return Ok(None);
    };
    let connected = desk.connect(&found, choices)?;
    Ok(connected
        .written_at
        .map(|_| format!("Connected {}; `plimsoll disconnect` takes it back.", connected.settings)))
}

#[cfg(unix)]
fn make_private(path: &str) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let failed = || format!("cannot change who may read {path}");
    let mut permissions = std::fs::metadata(path).with_context(failed)?.permissions();
    permissions.set_mode(permissions.mode() & 0o700);
    std::fs::set_permissions(path, permissions).with_context(failed)
}

#[cfg(not(unix))]
fn make_private(path: &str) -> anyhow::Result<()> {
    anyhow::bail!("who may read {path} cannot be changed here")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(states: &[&str]) -> Report {
        let client = |state: &&str| Client {
            pid: 1,
            state: (*state).to_owned(),
            project: None,
            started_at: String::new(),
            last_export_at: None,
            finding: None,
        };
        Report { clients: states.iter().map(client).collect(), findings: Vec::new() }
    }

    /// Scenario: no client, one, several alike and several in different states.
    /// Guarantees: one sentence counts them, in words that fit.
    #[test]
    fn clients_are_counted_in_a_sentence() {
        for (states, said) in [
            (&[][..], "No client is running."),
            (&["sending"], "1 client is running; it sends."),
            (&["needs-restart"], "1 client is running; it needs a restart."),
            (
                &["sending", "needs-restart", "sending"],
                "3 clients are running; 2 send, 1 needs a restart.",
            ),
        ] {
            assert_eq!(report(states).sentence(), said);
        }
    }
}
