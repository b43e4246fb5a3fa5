//! systemd's user manager. It opens the sockets and keeps them open while the program is restarted.
//!
//! The units are the package's, `src-tauri/package/systemd`, with the program, ports and variables put in.

use std::{fmt::Write, net::SocketAddr, path::PathBuf};

use anyhow::bail;

use super::{
    mark::MARK,
    plan::{Begin, Step, Words, words},
    site::{Setup, Site, twins},
};

pub(super) const SERVICE: &str = "plimsoll.service";
pub(super) const RECEIVERS: &str = "plimsoll.socket";
pub(super) const DASHBOARD: &str = "plimsoll-dashboard.socket";
/// All units: the service first.
pub(super) const UNITS: [&str; 3] = [SERVICE, RECEIVERS, DASHBOARD];

/// A command to the user's manager about units.
pub(super) fn systemctl<'a>(verb: &'a str, units: impl IntoIterator<Item = &'a str>) -> Words {
    words(["systemctl", "--user", verb].into_iter().chain(units))
}

/// Where the user's own units lie.
pub(super) fn folder(site: &Site) -> PathBuf {
    site.config.join("systemd/user")
}

/// Refuses what no unit can run, whatever its quotes.
///
/// # Errors
/// When the program's path holds what systemd allows in none.
pub(super) fn check(setup: &Setup) -> anyhow::Result<()> {
    let strange = |character: char| "\"'\\".contains(character) || character.is_control();
    if setup.program.contains(strange) {
        bail!(
            "systemd runs no program with a quote or a backslash in its path: move {} elsewhere",
            setup.program
        );
    }
    Ok(())
}

/// Defines and enables the units; nothing is started.
pub(super) fn prepare(site: &Site, setup: &Setup) -> Vec<Step> {
    let own = |name: &str| folder(site).join(name);
    let mut steps = if setup.packaged {
        // Units of the user's own would hide the package's.
        UNITS.map(|name| Step::Delete(own(name))).to_vec()
    } else {
        let dashboard = twins(setup.dashboard);
        let receivers = setup.receivers.into_iter().flat_map(twins).collect::<Vec<_>>();
        vec![
            Step::Write { path: own(SERVICE), text: service(setup) },
            Step::Write { path: own(RECEIVERS), text: socket(RECEIVERS_UNIT, &receivers) },
            Step::Write { path: own(DASHBOARD), text: socket(DASHBOARD_UNIT, &dashboard) },
        ]
    };
    steps.push(Step::Run(systemctl("daemon-reload", [])));
    // Unlike `enable` it also follows units that have moved.
    steps.push(Step::Run(systemctl("reenable", UNITS)));
    steps
}

/// Brings the service to run. It wants its sockets, so they are opened first; where one cannot be opened it
/// runs all the same.
pub(super) fn start(begin: Begin) -> Vec<Step> {
    let start = Step::Run(systemctl("start", [SERVICE]));
    match begin {
        Begin::Start => vec![start],
        Begin::Restart => vec![Step::Run(systemctl("restart", [SERVICE]))],
        Begin::Anew => vec![Step::Attempt(systemctl("stop", UNITS)), start],
    }
}

/// Ends and disables the units, and takes the user's own away.
pub(super) fn remove(site: &Site) -> Vec<Step> {
    // Complains of units that are gone already.
    let mut steps = vec![Step::Attempt(words(
        ["systemctl", "--user", "disable", "--now"].into_iter().chain(UNITS),
    ))];
    steps.extend(UNITS.map(|name| Step::Delete(folder(site).join(name))));
    steps.push(Step::Run(systemctl("daemon-reload", [])));
    steps.push(Step::Attempt(systemctl("reset-failed", UNITS)));
    steps
}

const SERVICE_UNIT: &str = include_str!("../../package/systemd/plimsoll.service");
const RECEIVERS_UNIT: &str = include_str!("../../package/systemd/plimsoll.socket");
const DASHBOARD_UNIT: &str = include_str!("../../package/systemd/plimsoll-dashboard.socket");

fn service(setup: &Setup) -> String {
    let mut lines = format!("ExecStart={}\n", quoted(&setup.program));
    for (name, value) in &setup.variables {
        // Writing to a text cannot fail.
        let _ = writeln!(lines, "Environment={}", quoted(&format!("{name}={value}")));
    }
    with(SERVICE_UNIT, "ExecStart=", &lines)
}

fn socket(unit: &str, addresses: &[SocketAddr]) -> String {
    let lines: String =
        addresses.iter().map(|address| format!("ListenStream={address}\n")).collect();
    with(unit, "ListenStream=", &lines)
}

/// The unit with other lines in the place of those that begin with `key`.
fn with(unit: &str, key: &str, lines: &str) -> String {
    let mut text = format!("# {MARK}\n");
    let mut lines = Some(lines);
    for line in unit.split_inclusive('\n') {
        if line.starts_with(key) {
            text.push_str(lines.take().unwrap_or_default());
        } else {
            text.push_str(line);
        }
    }
    text
}

/// One word as systemd reads it (systemd.syntax(7), systemd.unit(5) on specifiers). A `$` means nothing in the path
/// of a program and in variables.
fn quoted(word: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "/._-=:".contains(character);
    if word.chars().all(plain) {
        return word.to_owned();
    }
    let mut text = String::from("\"");
    for character in word.chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            '%' => text.push_str("%%"),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            other => text.push(other),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::fixture::{setup, shown, site};

    /// Scenario: a program of the user's own, the usual ports.
    /// Guarantees: the units hold exactly this, and are enabled, not started.
    #[test]
    fn units_are_written_and_enabled() {
        insta::assert_snapshot!(shown(&prepare(&site(), &setup())));
    }

    /// Scenario: other ports, one on ::1 alone, a path with everything that systemd might take for its own, and
    /// variables.
    /// Guarantees: each socket is named once, and nothing is read as a specifier or as two words.
    #[test]
    fn ports_paths_and_variables_are_put_in() {
        let mut setup = setup();
        setup.program = "/opt/100% $mine/plimsoll".into();
        setup.receivers = ["127.0.0.1:5000".parse().unwrap(), "[::1]:5001".parse().unwrap()];
        setup.dashboard = "127.0.0.2:5002".parse().unwrap();
        setup.variables = vec![
            ("PLIMSOLL_LOG".into(), "debug".into()),
            ("PLIMSOLL_LEVELS_NOTICE".into(), "60%".into()),
            ("PLIMSOLL_LEDGER_PATH".into(), "/my \"books\"\\now".into()),
        ];
        let text = shown(&prepare(&site(), &setup));
        let lines = text.lines().filter(|line| {
            ["ExecStart=", "Environment=", "ListenStream="].iter().any(|key| line.starts_with(key))
        });
        assert_eq!(
            lines.collect::<Vec<_>>(),
            [
                r#"ExecStart="/opt/100%% $mine/plimsoll""#,
                "Environment=PLIMSOLL_LOG=debug",
                r#"Environment="PLIMSOLL_LEVELS_NOTICE=60%%""#,
                r#"Environment="PLIMSOLL_LEDGER_PATH=/my \"books\"\\now""#,
                "Environment=PLIMSOLL_UNIT=plimsoll.service",
                "ListenStream=127.0.0.1:5000",
                "ListenStream=[::1]:5000",
                "ListenStream=[::1]:5001",
                "ListenStream=127.0.0.2:5002",
            ]
        );
    }

    /// Scenario: paths that systemd refuses, whatever their quotes.
    /// Guarantees: they are refused before anything is written.
    #[test]
    fn strange_paths_are_refused() {
        for program in ["/opt/john's/plimsoll", "/opt/\"mine\"/plimsoll", r"/opt/a\b/plimsoll"] {
            let error = check(&Setup { program: program.into(), ..setup() }).unwrap_err();
            assert!(error.to_string().contains("move /opt/"), "{error}");
        }
        assert!(check(&setup()).is_ok());
    }

    /// Scenario: the program of the package, whose units fit.
    /// Guarantees: they are used, and none of the user's hides them.
    #[test]
    fn the_packages_units_are_used() {
        let mut setup = setup();
        setup.packaged = true;
        assert_eq!(
            shown(&prepare(&site(), &setup)),
            "delete /home/u/.config/systemd/user/plimsoll.service\n\
             delete /home/u/.config/systemd/user/plimsoll.socket\n\
             delete /home/u/.config/systemd/user/plimsoll-dashboard.socket\n\
             run systemctl --user daemon-reload\n\
             run systemctl --user reenable plimsoll.service plimsoll.socket plimsoll-dashboard.socket\n"
        );
    }

    /// Scenario: it does not run, its program was replaced, its units changed.
    /// Guarantees: sockets are closed only where they are defined anew.
    #[test]
    fn sockets_stay_open_if_they_can() {
        let run = "run systemctl --user";
        assert_eq!(shown(&start(Begin::Start)), format!("{run} start plimsoll.service\n"));
        assert_eq!(shown(&start(Begin::Restart)), format!("{run} restart plimsoll.service\n"));
        assert_eq!(
            shown(&start(Begin::Anew)),
            "attempt systemctl --user stop plimsoll.service plimsoll.socket plimsoll-dashboard.socket\n\
             run systemctl --user start plimsoll.service\n"
        );
    }

    /// Scenario: it is removed.
    /// Guarantees: everything ends at once before the units go, and the manager forgets them.
    #[test]
    fn nothing_stays_behind() {
        assert_eq!(
            shown(&remove(&site())),
            "attempt systemctl --user disable --now plimsoll.service plimsoll.socket plimsoll-dashboard.socket\n\
             delete /home/u/.config/systemd/user/plimsoll.service\n\
             delete /home/u/.config/systemd/user/plimsoll.socket\n\
             delete /home/u/.config/systemd/user/plimsoll-dashboard.socket\n\
             run systemctl --user daemon-reload\n\
             attempt systemctl --user reset-failed plimsoll.service plimsoll.socket plimsoll-dashboard.socket\n"
        );
    }
}
