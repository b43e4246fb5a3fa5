//! Installing and removing: the plan, who has to make way for it, and whether it worked.

use anyhow::bail;
use plimsoll_client::RuntimeInfo;

use super::{
    execute::Executor,
    machine::Machine,
    plan::Begin,
    platform::Platform,
    site::{Setup, Site},
    systemd,
    takeover::{end_other, is_outdated},
    units::Units,
};

/// Installs the service, or brings it up to date, and has it run. `running` is the engine that runs at present,
/// if any. Gives what was done, a sentence each.
///
/// # Errors
/// When a step fails; it says which, and what to do.
pub(crate) fn install(
    site: &Site,
    setup: &Setup,
    running: Option<&RuntimeInfo>,
    machine: &mut impl Machine,
) -> anyhow::Result<Vec<String>> {
    let platform = site.platform;
    if platform == Platform::Systemd {
        systemd::check(setup)?;
    }
    let before = units(platform, machine)?;
    let mut executor = Executor::new(machine, &site.stamp);
    executor.carry_out(&platform.prepare(site, setup))?;
    if !platform.keeps_it_running() {
        executor.said.push(
            "Plimsoll starts with your next session. Nothing here starts it again if it fails. To start it \
             now: `plimsoll`."
                .into(),
        );
        return Ok(executor.said);
    }
    if let Some(pid) = end_other(executor.machine, running, before.service.pid)? {
        executor.said.push(format!(
            "Ended the Plimsoll that ran already (process {pid}): the service takes its place."
        ));
    }
    let outdated = before.service.pid.is_some_and(|pid| is_outdated(executor.machine, pid));
    let begin = match outdated {
        _ if executor.changed || before.lost_receivers() => Begin::Anew,
        true => Begin::Restart,
        false => Begin::Start,
    };
    executor.carry_out(&platform.start(site, begin))?;
    let mut said = executor.said;
    if platform == Platform::Systemd {
        confirm(&Units::ask(machine)?, &mut said)?;
    }
    said.push("Plimsoll runs, starts with your session, and is started again if it fails.".into());
    Ok(said)
}

/// Removes the service. Gives what was done, a sentence each.
///
/// # Errors
/// When a step fails; it says which, and what to do.
pub(crate) fn remove(site: &Site, machine: &mut impl Machine) -> anyhow::Result<Vec<String>> {
    // Fails where nothing could be removed either.
    units(site.platform, machine)?;
    let mut executor = Executor::new(machine, &site.stamp);
    executor.carry_out(&site.platform.remove(site))?;
    let mut said = executor.said;
    let left = units(site.platform, machine)?.service;
    if left.is_enabled() || left.is_active() {
        bail!(
            "systemd did not let go of {} ({}, {}); `systemctl --user status {}` tells more",
            systemd::SERVICE,
            left.enabled,
            left.active,
            systemd::SERVICE
        );
    }
    said.push("Plimsoll is no service any more. Its books and its configuration stay.".into());
    Ok(said)
}

/// The units, where there are any.
fn units(platform: Platform, machine: &mut impl Machine) -> anyhow::Result<Units> {
    if platform == Platform::Systemd { Units::ask(machine) } else { Ok(Units::default()) }
}

/// What only shows once it runs: whether systemd could open the sockets.
fn confirm(units: &Units, said: &mut Vec<String>) -> anyhow::Result<()> {
    if !units.receivers.is_active() {
        bail!(
            "Plimsoll is installed and runs, but another program listens on one of {}, and a restart of Plimsoll \
             may lose telemetry: end that program or choose other ports in the configuration, then run \
             `plimsoll service install` again",
            units.receivers.listens.join(", ")
        );
    }
    if !units.dashboard.is_active() {
        said.push(format!(
            "Another program listens on {}: the dashboard is served on another port meanwhile.",
            units.dashboard.listens.join(" or ")
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::fixture::{Recorder, runtime, setup, site};

    const SHOW: &str = "systemctl --user show";

    /// What systemd says of the service: its state, process and receivers.
    fn units(service: &str, pid: u32, receivers: &str) -> String {
        format!(
            "Id=plimsoll.service\nActiveState={service}\nUnitFileState=enabled\nMainPID={pid}\n\n\
             Id=plimsoll.socket\nActiveState={receivers}\nListen=127.0.0.1:4318 (Stream)\n\n\
             Id=plimsoll-dashboard.socket\nActiveState=failed\nListen=127.0.0.1:3030 (Stream)\n"
        )
    }

    fn real(root: &tempfile::TempDir) -> Site {
        Site { home: root.path().into(), config: root.path().join("config"), ..site() }
    }

    /// Everything but the questions.
    fn done(machine: &Recorder) -> Vec<&str> {
        machine.ran.iter().map(String::as_str).filter(|line| !line.starts_with(SHOW)).collect()
    }

    /// Scenario: it is installed while an engine of the user's own runs, and installed again while it runs.
    /// Guarantees: the engine makes way before the start; the second time nothing is written, closed or ended.
    #[test]
    fn installing_twice_changes_nothing() {
        let root = tempfile::tempdir().unwrap();
        let site = real(&root);
        let mut machine = Recorder::default()
            .answering(SHOW, &units("active", 8, "active"))
            .running(7, "/opt/plimsoll")
            .running(8, "/opt/plimsoll");
        let said = install(&site, &setup(), Some(&runtime(7)), &mut machine).unwrap();
        assert_eq!(machine.ended, [7]);
        assert_eq!(
            said[3..],
            [
                "Ended the Plimsoll that ran already (process 7): the service takes its place.",
                "Another program listens on 127.0.0.1:3030: the dashboard is served on another port meanwhile.",
                "Plimsoll runs, starts with your session, and is started again if it fails."
            ]
        );
        let all = "plimsoll.service plimsoll.socket plimsoll-dashboard.socket";
        let enable =
            ["systemctl --user daemon-reload", &format!("systemctl --user reenable {all}")];
        let start = "systemctl --user start plimsoll.service";
        let stop = format!("systemctl --user stop {all}");
        assert_eq!(done(&machine), [&enable[..], &[stop.as_str(), start]].concat());

        machine.ran.clear();
        let said = install(&site, &setup(), Some(&runtime(8)), &mut machine).unwrap();
        assert_eq!(done(&machine), [&enable[..], &[start]].concat());
        assert_eq!((said.len(), machine.ended.len()), (2, 1));
    }

    /// Scenario: the program of a running service was replaced, then its receivers' ports were taken at login.
    /// Guarantees: the one is started again over its open sockets, the other takes its sockets up.
    #[test]
    fn installing_again_mends_it() {
        let root = tempfile::tempdir().unwrap();
        let site = real(&root);
        let mut machine = Recorder::default()
            .answering(SHOW, &units("active", 8, "active"))
            .running(8, "/opt/plimsoll (deleted)");
        for last in ["start", "restart"] {
            install(&site, &setup(), None, &mut machine).unwrap();
            let expected = format!("systemctl --user {last} plimsoll.service");
            assert_eq!(done(&machine).last(), Some(&expected.as_str()));
        }
        let mut machine = Recorder::default().answering(SHOW, &units("active", 8, "failed"));
        let error = install(&site, &setup(), None, &mut machine).unwrap_err().to_string();
        assert!(done(&machine).iter().any(|line| line.starts_with("systemctl --user stop")));
        assert!(error.contains("another program listens on one of 127.0.0.1:4318"), "{error}");
    }

    /// Scenario: Linux without systemd, while an engine runs.
    /// Guarantees: only the entry is written, and the engine goes on.
    #[test]
    fn an_entry_disturbs_nothing() {
        let root = tempfile::tempdir().unwrap();
        let site = Site { platform: Platform::Autostart, ..real(&root) };
        let mut machine = Recorder::default().running(7, "/opt/plimsoll");
        let said = install(&site, &setup(), Some(&runtime(7)), &mut machine).unwrap();
        assert!(root.path().join("config/autostart/plimsoll.desktop").exists());
        assert!(said[1].starts_with("Plimsoll starts with your next session."), "{said:?}");
        assert_eq!((machine.ran.len(), machine.ended.len()), (0, 0));
        remove(&site, &mut machine).unwrap();
        assert!(!root.path().join("config/autostart/plimsoll.desktop").exists());
    }

    /// Scenario: it is removed, and systemd keeps it running.
    /// Guarantees: success is only claimed where it is gone.
    #[test]
    fn removing_is_confirmed() {
        let root = tempfile::tempdir().unwrap();
        let mut machine = Recorder::default().answering(SHOW, "Id=plimsoll.service\n");
        let said = remove(&real(&root), &mut machine).unwrap();
        assert_eq!(
            said,
            ["Plimsoll is no service any more. Its books and its configuration stay."]
        );
        let mut machine = Recorder::default().answering(SHOW, &units("active", 8, "active"));
        let error = remove(&real(&root), &mut machine).unwrap_err().to_string();
        assert!(error.contains("systemd did not let go of plimsoll.service"), "{error}");
    }
}
