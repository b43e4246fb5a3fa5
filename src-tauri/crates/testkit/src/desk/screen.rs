//! An X display.

use std::fs;
use std::process::{Command, Stdio};

use tempfile::NamedTempFile;

use super::{DeskError, until};
use crate::process::Owned;

const SERVER: &str = "Xvfb";
const LOOKER: &str = "xwininfo";

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

    /// The titles of the windows on it, shown or not.
    ///
    /// # Errors
    /// When `xwininfo` does not run.
    pub fn titles(&self) -> Result<Vec<String>, DeskError> {
        let looked = Command::new(LOOKER)
            .args(["-root", "-tree", "-display", &self.name])
            .output()
            .map_err(|source| DeskError::Spawn { program: LOOKER, source })?;
        let told = String::from_utf8_lossy(&looked.stdout);
        if !looked.status.success() {
            let said = String::from_utf8_lossy(&looked.stderr).into_owned();
            return Err(DeskError::Ended { program: LOOKER, status: looked.status, said });
        }
        Ok(told.lines().filter_map(title).collect())
    }
}

/// `     0x200003 "Plimsoll": ("plimsoll-window" "Plimsoll-window")  360x420+10+10  +10+10`
fn title(line: &str) -> Option<String> {
    let (id, rest) = line.trim_start().split_once(' ')?;
    let title = rest.strip_prefix('"')?.split_once("\": ")?.0;
    id.starts_with("0x").then(|| title.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: lines as `xwininfo -tree` writes them.
    /// Guarantees: windows give their title, everything else nothing.
    #[test]
    fn titles_are_read() {
        let window =
            r#"     0x200003 "A: b": ("plimsoll-window" "Plimsoll-window")  360x420+10+10  +10+10"#;
        assert_eq!(title(window).as_deref(), Some("A: b"));
        assert_eq!(title("     0x20000f (has no name): ()  1x1+0+0  +0+0"), None);
        assert_eq!(title("  Root window id: 0x4f0 (the root window) (has no name)"), None);
        assert_eq!(title("     3 children:"), None);
    }
}
