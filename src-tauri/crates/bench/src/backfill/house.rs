//! A home that nobody else uses.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use plimsoll_testkit::Start;
use tempfile::TempDir;

use crate::Bench;

/// A folder with a home, a ledger, and whatever programs leave there. Gone when dropped.
#[derive(Debug)]
pub(super) struct House {
    folder: TempDir,
}

impl House {
    pub(super) fn within(bench: &Bench) -> Result<Self> {
        let folder = tempfile::tempdir_in(&bench.folder).context("cannot make a folder")?;
        fs::create_dir(folder.path().join("home")).context("cannot make a home")?;
        Ok(Self { folder })
    }

    /// A client's folder that does not exist, and so has no transcripts.
    pub(super) fn nothing(&self) -> PathBuf {
        self.folder.path().join("nothing")
    }

    /// A command that finds transcripts in the client's folder `claude`, and nothing else of this user.
    pub(super) fn command(&self, program: impl AsRef<OsStr>, claude: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TZ", "UTC")
            .env("HOME", self.folder.path().join("home"))
            .env("CLAUDE_CONFIG_DIR", claude)
            .current_dir(self.folder.path());
        command
    }

    /// Our program's reading of everything, on ports and a ledger of its own.
    pub(super) fn backfill(&self, plimsoll: &Path, claude: &Path) -> Command {
        let mut command = self.command(plimsoll, claude);
        for listener in ["RECEIVER_HTTP", "RECEIVER_GRPC", "DASHBOARD_LISTEN"] {
            command.env(format!("PLIMSOLL_{listener}"), "127.0.0.1:0");
        }
        command.env("PLIMSOLL_LEDGER_PATH", self.ledger()).arg("backfill");
        command
    }

    /// A resident on the same ledger.
    pub(super) fn resident(&self, bench: &Bench, claude: &Path) -> Start {
        Start::within(&bench.plimsoll, self.folder.path())
            .variable("PLIMSOLL_LEDGER_PATH", &self.ledger().to_string_lossy())
            .variable("CLAUDE_CONFIG_DIR", &claude.to_string_lossy())
            .variable("TZ", "UTC")
    }

    fn ledger(&self) -> PathBuf {
        self.folder.path().join("ledger.db")
    }
}
