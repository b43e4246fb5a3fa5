//! Who is in charge of Plimsoll: its user, or systemd.

use std::path::Path;

use plimsoll_programs::{Surroundings, is_managed};

use super::{
    execute::ask,
    machine::Machine,
    platform::has_user_manager,
    site::config,
    systemd::{SERVICE, systemctl},
};

/// Where `systemctl enable` puts its links, below a folder for units.
const WANTED: &str = "systemd/user/default.target.wants/plimsoll.service";

/// The user's systemd, in which the service is enabled.
#[derive(Debug)]
pub(crate) struct Owner(());

/// The user's systemd, where it is in charge and this process is not the service itself. Costs a look at a few
/// files.
pub(crate) fn owner(around: &Surroundings) -> Option<Owner> {
    let environment = &around.environment;
    let own = config(environment, &around.places.home).join(WANTED);
    let enabled = own.exists() || Path::new("/etc").join(WANTED).exists();
    let owned = enabled && has_user_manager(environment) && !is_managed(environment);
    owned.then_some(Owner(()))
}

impl Owner {
    /// Has the service started, unless it runs, and waits until it is ready.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(&self, machine: &mut impl Machine) -> anyhow::Result<()> {
        ask(machine, &systemctl("start", [SERVICE])).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_engine::Places;

    use super::*;
    use crate::service::fixture::Recorder;

    fn around(root: &Path, variables: &[(&str, &str)]) -> Surroundings {
        let mut places = Places::under(root);
        places.home = root.to_owned();
        let runtime = ("XDG_RUNTIME_DIR", root.to_str().unwrap());
        let environment = variables.iter().copied().chain([runtime]).collect();
        Surroundings { environment, places }
    }

    /// Scenario: no link; a link and no manager; both; the same in the process that systemd
    /// started, and in one that a desktop started as a unit of its own.
    /// Guarantees: the third hands over, by one command, and so does the last.
    #[test]
    fn systemd_is_in_charge_where_it_is_enabled() {
        let root = tempfile::tempdir().unwrap();
        let make = |path: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        };
        let here = around(root.path(), &[]);
        assert!(owner(&here).is_none());
        make(".config/systemd/user/default.target.wants/plimsoll.service");
        assert!(owner(&here).is_none());
        make("systemd/private");
        let mut machine = Recorder::default();
        owner(&here).unwrap().start(&mut machine).unwrap();
        assert_eq!(machine.ran, ["systemctl --user start plimsoll.service"]);

        let own = std::process::id().to_string();
        let unit = ("PLIMSOLL_UNIT", "plimsoll.service");
        assert!(owner(&around(root.path(), &[("SYSTEMD_EXEC_PID", &own), unit])).is_none());
        assert!(owner(&around(root.path(), &[("SYSTEMD_EXEC_PID", &own)])).is_some());
        assert!(owner(&around(root.path(), &[("SYSTEMD_EXEC_PID", "1")])).is_some());
    }
}
