//! An X display.

use std::fs;
use std::process::{Command, Stdio};

use tempfile::NamedTempFile;

use super::{DeskError, until};
use crate::process::Owned;

const SERVER: &str = "Xvfb";
const LOOKER: &str = "xdotool";

/// An X display of its own that nobody sees. Ends with its owner.
#[derive(Debug)]
pub struct Screen {
    _server: Owned,
    name: String,
}

impl Screen {
    /// Starts one with the first free number.
    ///
    /// # Errors
    /// When `Xvfb` does not run.
    pub async fn start() -> Result<Self, DeskError> {
        let file = NamedTempFile::new();
        let file =
            file.map_err(|source| DeskError::Prepare { path: std::env::temp_dir(), source })?;
        let failed = |source| DeskError::Spawn { program: SERVER, source };
        let number = file.reopen().map_err(failed)?;
        let server = Command::new(SERVER)
            .args(["-displayfd", "1", "-screen", "0", "1280x900x24"])
            .args(["-nolisten", "tcp", "-noreset"])
            .stdin(Stdio::null())
            .stdout(number)
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let mut server = Owned::new(server);
        let name = until("serving (Xvfb)", async || {
            if let Some(status) = server.status().ok().flatten() {
                let said = "no display is free".to_owned();
                return Err(DeskError::Ended { program: SERVER, status, said });
            }
            let told = fs::read_to_string(file.path()).unwrap_or_default();
            Ok(told.strip_suffix('\n').map(|number| format!(":{number}")))
        })
        .await?;
        Ok(Self { _server: server, name })
    }

    /// What goes into `DISPLAY`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The titles of the windows on it that have one, shown or not.
    ///
    /// # Errors
    /// When `xdotool` does not run.
    pub fn titles(&self) -> Result<Vec<String>, DeskError> {
        let looked = Command::new(LOOKER)
            .args(["search", "--name", ".", "getwindowname", "%@"])
            .env("DISPLAY", &self.name)
            .output()
            .map_err(|source| DeskError::Spawn { program: LOOKER, source })?;
        let said = String::from_utf8_lossy(&looked.stderr);
        // It fails silently where there is no window.
        if !looked.status.success() && !said.is_empty() {
            let (status, said) = (looked.status, said.into_owned());
            return Err(DeskError::Ended { program: LOOKER, status, said });
        }
        Ok(String::from_utf8_lossy(&looked.stdout).lines().map(str::to_owned).collect())
    }
}
