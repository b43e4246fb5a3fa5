//! Which bus.

use tokio::sync::watch;

use crate::{Presence, platform};

/// A session bus, not yet connected to.
#[derive(Debug, Clone)]
pub struct Bus {
    address: Option<String>,
}

impl Bus {
    /// The user's own: where `DBUS_SESSION_BUS_ADDRESS` says, else `bus` in `XDG_RUNTIME_DIR`.
    #[must_use]
    pub const fn of_user() -> Self {
        Self { address: None }
    }

    /// The one at an address such as `unix:path=/run/user/1000/bus`.
    #[must_use]
    pub fn at(address: impl Into<String>) -> Self {
        Self { address: Some(address.into()) }
    }

    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "there is no bus"))]
    pub(crate) fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }

    /// Keeps each presence true, over one connection. Never ends: where there is no bus, or it is lost, all
    /// are told so, and it is tried again after a second, then after twice as long, up to once a minute.
    ///
    /// A new owner of a name is told also where the presence stays the same, so that whoever remembers what
    /// the former owner said can forget it.
    pub async fn follow(&self, names: &[(&str, &watch::Sender<Presence>)]) {
        platform::follow(self, names).await;
    }
}
