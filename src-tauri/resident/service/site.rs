//! What plans are made from: where things lie, and what shall run.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
};

use anyhow::Context;
use plimsoll_domain::calendar::rfc3339;
use plimsoll_engine::{Config, Environment, Key};
use plimsoll_programs::{Exit, Surroundings, now};

use super::platform::Platform;

/// Where the package puts the program.
const PACKAGED: &str = "/usr/bin/plimsoll";
/// Where the package puts the units.
const PACKAGED_UNITS: &str = "/usr/lib/systemd/user/plimsoll.service";

/// Where a service is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Site {
    /// By which means.
    pub(super) platform: Platform,
    /// The user's home folder.
    pub(super) home: PathBuf,
    /// The user's folder for configuration of all kinds.
    pub(super) config: PathBuf,
    /// The user's number; 0 where users have none.
    pub(super) uid: u32,
    /// What the name of a file that is set aside ends in: the time.
    pub(super) stamp: String,
}

/// What the service shall run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setup {
    /// The program, absolute.
    pub(super) program: String,
    /// Whether the units of the package fit.
    pub(super) packaged: bool,
    /// The receivers' addresses.
    pub(super) receivers: [SocketAddr; 2],
    /// The dashboard's address.
    pub(super) dashboard: SocketAddr,
    /// The variables that set something in the present environment: the service starts in another one.
    pub(super) variables: Vec<(String, String)>,
}

impl Site {
    /// The present user's.
    ///
    /// # Errors
    /// Under sudo, where it would be the wrong user's.
    pub(crate) fn of_user(around: &Surroundings) -> anyhow::Result<Self> {
        if around.environment.get("SUDO_UID").is_some() {
            return Err(Exit::Usage.because(
                "the service belongs to one user, and runs as that one: try again without sudo",
            ));
        }
        Ok(Self {
            platform: Platform::here(&around.environment),
            config: config(&around.environment, &around.places.home),
            home: around.places.home.clone(),
            uid: uid(),
            stamp: rfc3339(now()).replace(':', ""),
        })
    }
}

/// The user's folder for configuration, as systemd and the desktop know it.
pub(super) fn config(environment: &Environment, home: &Path) -> PathBuf {
    let named = environment.get("XDG_CONFIG_HOME").map(PathBuf::from);
    named.filter(|path| path.is_absolute()).unwrap_or_else(|| home.join(".config"))
}

impl Setup {
    /// This program, with the configuration that it finds here.
    ///
    /// # Errors
    /// When the configuration cannot be used, or nobody would find the service with it.
    pub(crate) fn of_program(around: &Surroundings) -> anyhow::Result<Self> {
        let config = Config::load(&around.places, &around.environment, &[])
            .map_err(|error| Exit::Usage.because(error))?;
        let program = std::env::current_exe().context("cannot tell where this program is")?;
        let program = program.into_os_string().into_string().map_err(|path| {
            anyhow::anyhow!("{} is no text, which no unit can name", path.display())
        })?;
        let mut setup = Self {
            packaged: false,
            receivers: [config.receiver.http, config.receiver.grpc],
            dashboard: config.dashboard.listen,
            variables: variables(around, &config),
            program,
        };
        setup.check()?;
        let usual = Config::defaults(&around.places);
        setup.packaged = setup.program == PACKAGED
            && setup.variables.is_empty()
            && setup.receivers == [usual.receiver.http, usual.receiver.grpc]
            && setup.dashboard == usual.dashboard.listen
            && Path::new(PACKAGED_UNITS).exists();
        Ok(setup)
    }

    fn check(&self) -> anyhow::Result<()> {
        let any = self.receivers.iter().chain([&self.dashboard]).any(|address| address.port() == 0);
        if any {
            return Err(Exit::Usage.because(
                "port 0 is another port at each start, and no client would find the service: name a port in \
                 the configuration",
            ));
        }
        Ok(())
    }
}

/// What is set in the environment, paths made absolute.
fn variables(around: &Surroundings, config: &Config) -> Vec<(String, String)> {
    let keys = Key::every().map(Key::variable);
    let others = ["PLIMSOLL_CONFIG", "PLIMSOLL_LOG", "OTLP_RECEIVER_PORT"].map(str::to_owned);
    let set = keys.chain(others).filter_map(|name| {
        // Config::load has refused what is no text.
        let value = around.environment.get(&name)?.to_str()?.to_owned();
        Some((name, value))
    });
    let absolute = |(name, value): (String, String)| {
        let path = match name.as_str() {
            "PLIMSOLL_CONFIG" => &around.places.config.path,
            "PLIMSOLL_LEDGER_PATH" => &config.ledger.path,
            _ => return (name, value),
        };
        let value = path.to_string_lossy().into_owned();
        (name, value)
    };
    set.map(absolute).collect()
}

/// What is listened on for one address: as in the engine, 127.0.0.1 brings ::1 with it.
pub(super) fn twins(address: SocketAddr) -> Vec<SocketAddr> {
    let twin = SocketAddr::from((Ipv6Addr::LOCALHOST, address.port()));
    if address.ip() == IpAddr::V4(Ipv4Addr::LOCALHOST) {
        vec![address, twin]
    } else {
        vec![address]
    }
}

#[cfg(unix)]
fn uid() -> u32 {
    rustix::process::getuid().as_raw()
}

#[cfg(not(unix))]
fn uid() -> u32 {
    0
}

#[cfg(test)]
mod tests {
    use plimsoll_engine::Places;

    use super::*;

    fn around(file: &str, variables: &[(&str, &str)]) -> (tempfile::TempDir, Surroundings) {
        let root = tempfile::tempdir().unwrap();
        let mut places = Places::under(root.path());
        places.working = "/work".into();
        std::fs::write(&places.config.path, file).unwrap();
        let environment = variables.iter().copied().collect();
        (root, Surroundings { environment, places })
    }

    /// Scenario: ports in the file, and a log level, a port and a relative path in the environment.
    /// Guarantees: the service listens where this program would, and is told what only the environment says.
    #[test]
    fn the_service_is_set_up_as_this_program_is() {
        let (_root, around) = around(
            "[receiver]\ngrpc = 5001\n[dashboard]\nlisten = 5002\n",
            &[
                ("OTLP_RECEIVER_PORT", "5000"),
                ("PLIMSOLL_LOG", "debug"),
                ("PLIMSOLL_LEDGER_PATH", "mine.db"),
                ("HOME", "/other"),
            ],
        );
        let setup = Setup::of_program(&around).unwrap();
        let ports = setup.receivers.iter().chain([&setup.dashboard]).map(SocketAddr::port);
        assert_eq!(ports.collect::<Vec<_>>(), [5000, 5001, 5002]);
        let told: Vec<_> =
            setup.variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            told,
            ["PLIMSOLL_LEDGER_PATH=/work/mine.db", "PLIMSOLL_LOG=debug", "OTLP_RECEIVER_PORT=5000"]
        );
        assert!(!setup.packaged, "this program is not the package's");
    }

    /// Scenario: a configuration with a mistake, and one with port 0.
    /// Guarantees: neither is installed.
    #[test]
    fn what_cannot_run_is_not_installed() {
        for (file, reason) in [
            ("[receiver]\nhttp = \"everywhere\"\n", "is not an address"),
            ("[dashboard]\nlisten = 0\n", "port 0 is another port at each start"),
        ] {
            let (_root, around) = around(file, &[]);
            let error = Setup::of_program(&around).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    /// Scenario: the command is given to sudo.
    /// Guarantees: it is not installed for the wrong user.
    #[test]
    fn sudo_is_refused() {
        let (_root, around) = around("", &[("SUDO_UID", "1000")]);
        assert!(Site::of_user(&around).unwrap_err().to_string().contains("without sudo"));
    }

    /// Scenario: the configuration folder's variable is missing, absolute, relative.
    /// Guarantees: only an absolute one counts, as the standard says.
    #[test]
    fn the_configuration_folder_is_the_standards() {
        let folder = |variables: &[(&str, &str)]| {
            config(&variables.iter().copied().collect(), Path::new("/home/u"))
        };
        assert_eq!(folder(&[]), Path::new("/home/u/.config"));
        assert_eq!(folder(&[("XDG_CONFIG_HOME", "/etc/mine")]), Path::new("/etc/mine"));
        assert_eq!(folder(&[("XDG_CONFIG_HOME", "mine")]), Path::new("/home/u/.config"));
    }
}
