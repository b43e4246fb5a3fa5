//! The one place that chooses between the platforms' means.

use std::path::Path;

use plimsoll_engine::Environment;

use super::{
    desktop_entry, launch_agent,
    plan::{Begin, Step},
    run_key,
    site::{Setup, Site},
    systemd,
};

/// What starts Plimsoll with the user's session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Platform {
    /// systemd's user manager.
    Systemd,
    /// The desktop's autostart folder.
    Autostart,
    /// launchd.
    LaunchAgent,
    /// The Run key of the registry.
    RunKey,
}

impl Platform {
    /// What there is here.
    pub(super) fn here(environment: &Environment) -> Self {
        if cfg!(target_os = "macos") {
            Self::LaunchAgent
        } else if cfg!(windows) {
            Self::RunKey
        } else if has_user_manager(environment) || Path::new("/run/systemd/system").exists() {
            Self::Systemd
        } else {
            Self::Autostart
        }
    }

    /// As programs know it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Systemd => "systemd",
            Self::Autostart => "autostart",
            Self::LaunchAgent => "launchd",
            Self::RunKey => "registry",
        }
    }

    /// Whether it starts the service as soon as that is installed, and mends it when it fails.
    pub(super) fn keeps_it_running(self) -> bool {
        matches!(self, Self::Systemd | Self::LaunchAgent)
    }

    /// Makes the service known; nothing is started.
    pub(super) fn prepare(self, site: &Site, setup: &Setup) -> Vec<Step> {
        match self {
            Self::Systemd => systemd::prepare(site, setup),
            Self::Autostart => desktop_entry::prepare(site, setup),
            Self::LaunchAgent => launch_agent::prepare(site, setup),
            Self::RunKey => run_key::prepare(setup),
        }
    }

    /// Brings it to run, where the platform does that.
    pub(super) fn start(self, site: &Site, begin: Begin) -> Vec<Step> {
        match self {
            Self::Systemd => systemd::start(begin),
            Self::LaunchAgent => launch_agent::start(site, begin),
            Self::Autostart | Self::RunKey => Vec::new(),
        }
    }

    /// Ends it, where the platform started it, and takes everything away.
    pub(super) fn remove(self, site: &Site) -> Vec<Step> {
        match self {
            Self::Systemd => systemd::remove(site),
            Self::Autostart => desktop_entry::remove(site),
            Self::LaunchAgent => launch_agent::remove(site),
            Self::RunKey => run_key::remove(),
        }
    }
}

/// Whether systemd runs for this user.
pub(super) fn has_user_manager(environment: &Environment) -> bool {
    let runtime = environment.get("XDG_RUNTIME_DIR");
    runtime.is_some_and(|folder| Path::new(folder).join("systemd/private").exists())
}
