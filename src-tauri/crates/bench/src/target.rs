//! The servers that are measured, each started fresh on an empty ledger.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use plimsoll_testkit::{Start, TestResident};
use tempfile::TempDir;

use crate::Bench;
use crate::load::Protocol;
use crate::process::Process;

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    Resident,
    Reference,
}

impl Which {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Resident => "plimsoll",
            Self::Reference => "reference",
        }
    }
}

/// A running server with its folder; both go when it is dropped.
#[derive(Debug)]
pub(crate) struct Target {
    server: Server,
    _folder: TempDir,
}

#[derive(Debug)]
enum Server {
    Resident(Box<TestResident>),
    Reference(Reference),
}

impl Target {
    pub(crate) async fn start(bench: &Bench, which: Which) -> Result<Self> {
        let folder = tempfile::tempdir_in(&bench.folder).context("cannot make a folder")?;
        let server = match which {
            Which::Resident => {
                let resident = Start::within(&bench.plimsoll, folder.path()).run().await?;
                Server::Resident(Box::new(resident))
            }
            Which::Reference => Server::Reference(Reference::start(folder.path())?),
        };
        Ok(Self { server, _folder: folder })
    }

    /// Where it takes a protocol.
    pub(crate) fn address(&self, protocol: Protocol) -> Result<SocketAddr> {
        Ok(match (&self.server, protocol) {
            (Server::Resident(resident), Protocol::Grpc) => resident.grpc()?,
            (Server::Resident(resident), _) => resident.http()?,
            (Server::Reference(reference), _) => reference.address,
        })
    }

    pub(crate) fn process(&self) -> Process {
        Process::new(match &self.server {
            Server::Resident(resident) => resident.pid(),
            Server::Reference(reference) => reference.child.id(),
        })
    }

    /// The resident; `None` for the reference.
    pub(crate) fn resident(&self) -> Option<&TestResident> {
        match &self.server {
            Server::Resident(resident) => Some(resident),
            Server::Reference(_) => None,
        }
    }
}

/// This program, run as the reference.
#[derive(Debug)]
struct Reference {
    child: Child,
    address: SocketAddr,
}

impl Reference {
    fn start(folder: &Path) -> Result<Self> {
        let own = std::env::current_exe().context("cannot tell where this program is")?;
        let mut child = Command::new(own)
            .args(["reference", "--listen", "127.0.0.1:0", "--ledger"])
            .arg(folder.join("ledger.db"))
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the reference")?;
        let mut line = String::new();
        let said = child.stdout.take().map(BufReader::new);
        let read = said.context("the reference says nothing")?.read_line(&mut line);
        let address = read.ok().and_then(|_| line.trim().parse().ok());
        // Made first, so that the process ends whatever it said.
        let mut reference = Self { child, address: ([127, 0, 0, 1], 0).into() };
        reference.address = address.context("the reference does not tell its address")?;
        Ok(reference)
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        // Both fail only for a process that is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
