//! What systemd says of the units.

use super::{
    execute::ask,
    machine::Machine,
    plan::words,
    systemd::{DASHBOARD, RECEIVERS, SERVICE, UNITS},
};

const PROPERTIES: &str = "--property=Id,ActiveState,SubState,UnitFileState,FragmentPath,ActiveEnterTimestamp,\
     MainPID,NRestarts,Listen";

/// The three units.
#[derive(Debug, Default)]
pub(super) struct Units {
    pub(super) service: Unit,
    pub(super) receivers: Unit,
    pub(super) dashboard: Unit,
}

/// One unit. What is not known of it is empty.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Unit {
    /// E.g. `active`, `failed`, `inactive`.
    pub(super) active: String,
    /// E.g. `running`, `auto-restart`.
    pub(super) detail: String,
    /// E.g. `enabled`, `disabled`.
    pub(super) enabled: String,
    /// Its file.
    pub(super) path: String,
    /// Since when it is active, RFC 3339.
    pub(super) since: Option<String>,
    /// Its process.
    pub(super) pid: Option<u32>,
    /// How often it was started again by itself.
    pub(super) restarts: u32,
    /// The addresses it listens on, or would.
    pub(super) listens: Vec<String>,
}

impl Unit {
    pub(super) fn is_active(&self) -> bool {
        self.active == "active"
    }

    pub(super) fn is_enabled(&self) -> bool {
        self.enabled.starts_with("enabled")
    }
}

impl Units {
    /// Asks the user's manager.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub(super) fn ask(machine: &mut impl Machine) -> anyhow::Result<Self> {
        let show = ["systemctl", "--user", "show", "--timestamp=utc", PROPERTIES];
        ask(machine, &words(show.into_iter().chain(UNITS))).map(|text| Self::read(&text))
    }

    /// Whether the service runs without the sockets of its receivers: they were taken when it was started.
    pub(super) fn lost_receivers(&self) -> bool {
        self.service.is_active() && !self.receivers.is_active()
    }

    /// Reads what `systemctl show` prints: a line for each property, an empty one between units.
    fn read(text: &str) -> Self {
        let mut units = Self::default();
        for block in text.split("\n\n") {
            let properties: Vec<_> =
                block.lines().filter_map(|line| line.trim().split_once('=')).collect();
            let id = properties.iter().find(|(name, _)| *name == "Id").map(|(_, id)| *id);
            let unit = Unit::read(&properties);
            match id {
                Some(SERVICE) => units.service = unit,
                Some(RECEIVERS) => units.receivers = unit,
                Some(DASHBOARD) => units.dashboard = unit,
                _ => {}
            }
        }
        units
    }
}

impl Unit {
    fn read(properties: &[(&str, &str)]) -> Self {
        let mut unit = Self::default();
        for (name, value) in properties {
            match *name {
                "ActiveState" => unit.active = (*value).to_owned(),
                "SubState" => unit.detail = (*value).to_owned(),
                "UnitFileState" => unit.enabled = (*value).to_owned(),
                "FragmentPath" => unit.path = (*value).to_owned(),
                "ActiveEnterTimestamp" => unit.since = time(value),
                "MainPID" => unit.pid = value.parse().ok().filter(|pid| *pid != 0),
                "NRestarts" => unit.restarts = value.parse().unwrap_or_default(),
                "Listen" => unit.listens.extend(value.split_whitespace().next().map(str::to_owned)),
                _ => {}
            }
        }
        unit
    }
}

/// `Mon 2026-11-23 16:40:41 UTC` as RFC 3339.
fn time(text: &str) -> Option<String> {
    match text.split_whitespace().collect::<Vec<_>>().as_slice() {
        [_, date, time, "UTC"] => Some(format!("{date}T{time}Z")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::fixture::Recorder;

    /// As systemd 252 printed it, the third unit unknown to it.
    pub(super) const SHOWN: &str = "\
MainPID=29014
NRestarts=2
Id=plimsoll.service
ActiveState=active
SubState=running
FragmentPath=/home/u/.config/systemd/user/plimsoll.service
UnitFileState=enabled
ActiveEnterTimestamp=Mon 2026-11-23 16:40:41 UTC

Listen=127.0.0.1:4318 (Stream)
Listen=[::1]:4318 (Stream)
Id=plimsoll.socket
ActiveState=failed
SubState=failed
FragmentPath=/home/u/.config/systemd/user/plimsoll.socket
UnitFileState=enabled
ActiveEnterTimestamp=

Id=plimsoll-dashboard.socket
ActiveState=inactive
SubState=dead
FragmentPath=
UnitFileState=
ActiveEnterTimestamp=
";

    /// Scenario: what systemd prints of a service that runs without its sockets.
    /// Guarantees: each property is found, and what is not known is empty.
    #[test]
    fn units_are_read() {
        let mut machine = Recorder::default().answering("systemctl --user show", SHOWN);
        let units = Units::ask(&mut machine).unwrap();
        assert_eq!(
            units.service,
            Unit {
                active: "active".into(),
                detail: "running".into(),
                enabled: "enabled".into(),
                path: "/home/u/.config/systemd/user/plimsoll.service".into(),
                since: Some("2026-11-23T16:40:41Z".into()),
                pid: Some(29014),
                restarts: 2,
                listens: vec![],
            }
        );
        assert_eq!(units.receivers.listens, ["127.0.0.1:4318", "[::1]:4318"]);
        assert!(units.service.is_enabled() && !units.dashboard.is_enabled());
        assert!(units.lost_receivers());
    }
}
