//! Systems that are not asked whose connections there are.

use crate::doctor::machine::{Listener, Socket};

/// Nothing is known.
pub(in crate::doctor::gather) struct Sockets;

impl Sockets {
    /// Nothing is known.
    pub(in crate::doctor::gather) fn read() -> Option<Self> {
        None
    }

    /// None.
    pub(in crate::doctor::gather) fn of(&self, _pids: &[u32]) -> Vec<Socket> {
        Vec::new()
    }

    /// None.
    pub(in crate::doctor::gather) fn listeners(&self, _ports: &[u16]) -> Vec<Listener> {
        Vec::new()
    }
}

/// Not known.
pub(in crate::doctor::gather) fn has_terminal(_pid: u32) -> Option<bool> {
    None
}
