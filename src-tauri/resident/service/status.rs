//! How the service fares.

use serde::Serialize;

use super::{
    desktop_entry, launch_agent,
    machine::Machine,
    plan::words,
    platform::Platform,
    run_key,
    site::{Setup, Site, twins},
    takeover::is_outdated,
    units::Units,
};

/// How the service fares.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    /// Whether it starts with the session.
    pub(crate) installed: bool,
    /// Whether it runs.
    pub(crate) running: bool,
    /// What starts it: `systemd`, `autostart`, `launchd`, `registry`.
    pub(crate) means: &'static str,
    /// All of that in one sentence.
    pub(crate) sentence: String,
    /// What the user should do about it.
    pub(crate) notes: Vec<String>,
    /// Its definition.
    pub(crate) files: Vec<String>,
    /// Its process, where that is known.
    pub(crate) process: Option<u32>,
    /// Since when it runs, RFC 3339, where that is known.
    pub(crate) since: Option<String>,
    /// How often it was started again by itself, where that is known.
    pub(crate) restarts: Option<u32>,
    /// The addresses that systemd holds open for it.
    pub(crate) sockets: Vec<String>,
}

impl Status {
    /// Asks how it fares. `setup` is what would be installed now, where that is known; `engine` says whether an
    /// engine answers.
    ///
    /// # Errors
    /// When systemd cannot be reached.
    pub(crate) fn ask(
        site: &Site,
        setup: Option<&Setup>,
        engine: bool,
        machine: &mut impl Machine,
    ) -> anyhow::Result<Self> {
        let mut status = match site.platform {
            Platform::Systemd => Self::of_units(&Units::ask(machine)?, setup, machine),
            Platform::Autostart => Self::of_file(&desktop_entry::path(site), engine),
            Platform::LaunchAgent => {
                let loaded =
                    machine.run(&words(["launchctl", "print", &launch_agent::target(site)]));
                let runs =
                    loaded.is_ok_and(|it| it.success && it.output.contains("state = running"));
                Self::of_file(&launch_agent::path(site), runs)
            }
            Platform::RunKey => {
                let installed = machine.run(&run_key::query()).is_ok_and(|answer| answer.success);
                Self { installed, running: engine, ..Self::default() }
            }
        };
        status.means = site.platform.name();
        if status.sentence.is_empty() {
            status.sentence = sentence(status.installed, status.running).to_owned();
        }
        Ok(status)
    }

    fn of_file(path: &std::path::Path, running: bool) -> Self {
        let installed = path.exists();
        let files = installed.then(|| path.display().to_string()).into_iter().collect();
        Self { installed, running, files, ..Self::default() }
    }

    fn of_units(units: &Units, setup: Option<&Setup>, machine: &impl Machine) -> Self {
        let Units { service, receivers, dashboard } = units;
        let sockets = [receivers, dashboard].into_iter().filter(|socket| socket.is_active());
        let files = [service, receivers, dashboard].map(|unit| unit.path.clone());
        let mut status = Self {
            installed: service.is_enabled(),
            running: service.is_active(),
            files: files.into_iter().filter(|path| !path.is_empty()).collect(),
            process: service.pid,
            since: service.since.clone().filter(|_| service.is_active()),
            restarts: Some(service.restarts),
            sockets: sockets.flat_map(|socket| socket.listens.clone()).collect(),
            ..Self::default()
        };
        let fails = ["activating", "failed"].contains(&service.active.as_str())
            || ["auto-restart", "stop-post"].contains(&service.detail.as_str());
        if status.installed && fails {
            status.sentence =
                "Plimsoll is installed as a service and does not get to run; `journalctl --user \
                 -u plimsoll.service` says why."
                    .into();
        }
        if status.installed && status.running {
            status.notes = notes(units, setup, machine);
        }
        status
    }
}

fn sentence(installed: bool, running: bool) -> &'static str {
    match (installed, running) {
        (true, true) => "Plimsoll is installed as a service and runs.",
        (true, false) => {
            "Plimsoll is installed as a service and does not run. To start it: `plimsoll`."
        }
        (false, true) => {
            "Plimsoll runs and is not installed as a service. To install it: `plimsoll service install`."
        }
        (false, false) => {
            "Plimsoll is not installed as a service. To install it: `plimsoll service install`."
        }
    }
}

fn notes(units: &Units, setup: Option<&Setup>, machine: &impl Machine) -> Vec<String> {
    let mut notes = Vec::new();
    let wanted = |addresses: &[std::net::SocketAddr]| {
        let all = addresses.iter().copied().flat_map(twins);
        all.map(|address| address.to_string()).collect::<Vec<_>>()
    };
    let moved = setup.is_some_and(|setup| {
        wanted(&setup.receivers) != units.receivers.listens
            || wanted(&[setup.dashboard]) != units.dashboard.listens
    });
    if moved {
        notes.push(
            "The configuration names other ports than the service has: run `plimsoll service install` again."
                .into(),
        );
    } else if !units.receivers.is_active() {
        notes.push(
            "systemd does not hold the receivers' ports, so that a restart may lose telemetry: run `plimsoll \
             service install` again."
                .into(),
        );
    }
    if units.service.pid.is_some_and(|pid| is_outdated(machine, pid)) {
        notes.push(
            "Its program was replaced: `plimsoll service install` starts the new one.".into(),
        );
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::fixture::{Recorder, setup, site};

    const SHOW: &str = "systemctl --user show";

    fn units(active: &str, detail: &str, enabled: &str, receivers: &str) -> String {
        format!(
            "Id=plimsoll.service\nActiveState={active}\nSubState={detail}\nUnitFileState={enabled}\nMainPID=8\n\
             FragmentPath=/u/plimsoll.service\nNRestarts=2\nActiveEnterTimestamp=Mon 2026-11-23 16:40:41 UTC\n\n\
             Id=plimsoll.socket\nActiveState={receivers}\nListen=127.0.0.1:4318 (Stream)\nListen=[::1]:4318 (Stream)\n\
             Listen=127.0.0.1:4317 (Stream)\nListen=[::1]:4317 (Stream)\n\n\
             Id=plimsoll-dashboard.socket\nActiveState=failed\nListen=127.0.0.1:3030 (Stream)\nListen=[::1]:3030 (Stream)\n"
        )
    }

    fn ask(shown: &str, program: &str) -> Status {
        let mut machine = Recorder::default().answering(SHOW, shown).running(8, program);
        Status::ask(&site(), Some(&setup()), false, &mut machine).unwrap()
    }

    /// Scenario: an installed service that runs, its dashboard's port taken.
    /// Guarantees: everything that systemd knows of it, and nothing to be done.
    #[test]
    fn a_running_service_is_described() {
        let status = ask(&units("active", "running", "enabled", "active"), "/usr/bin/plimsoll");
        assert_eq!(
            serde_json::to_value(&status).unwrap(),
            serde_json::json!({
                "installed": true, "running": true, "means": "systemd",
                "sentence": "Plimsoll is installed as a service and runs.", "notes": [],
                "files": ["/u/plimsoll.service"], "process": 8, "since": "2026-11-23T16:40:41Z",
                "restarts": 2,
                "sockets": ["127.0.0.1:4318", "[::1]:4318", "127.0.0.1:4317", "[::1]:4317"]
            })
        );
    }

    /// Scenario: sockets that could not be opened, ports that were changed since, a program that was replaced.
    /// Guarantees: each is said, with what to do.
    #[test]
    fn what_is_to_be_done_is_said() {
        let lost = ask(&units("active", "running", "enabled", "failed"), "/usr/bin/plimsoll");
        assert!(lost.notes[0].starts_with("systemd does not hold"), "{:?}", lost.notes);
        let shown = units("active", "running", "enabled", "active").replace("4317", "5317");
        let moved = ask(&shown, "/usr/bin/plimsoll (deleted)");
        assert!(moved.notes[0].starts_with("The configuration names other"), "{:?}", moved.notes);
        assert!(moved.notes[1].starts_with("Its program was replaced"), "{:?}", moved.notes);
    }

    /// Scenario: stopped, failing over and over, unknown to systemd.
    /// Guarantees: the sentence says which, and what to do.
    #[test]
    fn the_sentence_says_how_it_fares() {
        for (shown, sentence) in [
            (units("inactive", "dead", "enabled", "inactive"), "does not run. To start it"),
            (units("activating", "auto-restart", "enabled", "active"), "does not get to run"),
            (units("deactivating", "stop-post", "enabled", "active"), "does not get to run"),
            (String::new(), "is not installed as a service. To install it"),
        ] {
            let status = ask(&shown, "/usr/bin/plimsoll");
            assert!(status.sentence.contains(sentence), "{}", status.sentence);
            assert!(!status.running && status.since.is_none());
        }
    }

    /// Scenario: the other platforms' means, with and without what they look for.
    /// Guarantees: installed is what starts with the session, running is what runs.
    #[test]
    fn other_means_are_asked_in_their_way() {
        let root = tempfile::tempdir().unwrap();
        let site = |platform| Site {
            platform,
            home: root.path().into(),
            config: root.path().into(),
            ..site()
        };
        let ask = |platform, engine, machine: &mut Recorder| {
            let status = Status::ask(&site(platform), None, engine, machine).unwrap();
            (status.installed, status.running)
        };
        let mut nothing = Recorder::default().failing("", "no");
        for platform in [Platform::Autostart, Platform::LaunchAgent, Platform::RunKey] {
            assert_eq!(ask(platform, false, &mut nothing), (false, false));
        }
        for path in [
            desktop_entry::path(&site(Platform::Autostart)),
            launch_agent::path(&site(Platform::LaunchAgent)),
        ] {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let mut all = Recorder::default().answering("launchctl print", "\tstate = running");
        for platform in [Platform::Autostart, Platform::LaunchAgent, Platform::RunKey] {
            assert_eq!(ask(platform, true, &mut all), (true, true));
        }
    }
}
