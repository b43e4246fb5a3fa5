//! Whether a service is there.

/// What is known of a service of the session bus. Channels begin with the default, present: nothing is
/// lacking until the bus says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Presence {
    /// There is no session bus.
    NoBus,
    /// Nobody offers it.
    Absent,
    /// It is not running, but a call to it would start it.
    Startable,
    /// It is running.
    #[default]
    Present,
}

impl Presence {
    /// Whether a call to it may be answered.
    #[must_use]
    pub const fn answers(self) -> bool {
        matches!(self, Self::Startable | Self::Present)
    }
}
