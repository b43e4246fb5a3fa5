//! What a program finds around it.

use std::{path::PathBuf, time::SystemTime};

use plimsoll_domain::Timestamp;
use plimsoll_engine::{Environment, Places};

use crate::Exit;

/// What a program finds around it.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The process environment.
    pub environment: Environment,
    /// Where things lie.
    pub places: Places,
}

impl Surroundings {
    /// Looks around.
    ///
    /// # Errors
    /// When the user has no home folder.
    pub fn look() -> anyhow::Result<Self> {
        let environment: Environment = std::env::vars_os().collect();
        let working: PathBuf = std::env::current_dir().unwrap_or_else(|_| "/".into());
        let places = Places::of_user(&environment, working)
            .ok_or_else(|| Exit::Failed.because("you have no home folder (HOME is not set)"))?;
        Ok(Self { environment, places })
    }
}

/// The time now.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::EPOCH.after(since)
}
