//! What can go wrong on the bus.

/// What the D-Bus library says.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why the bus did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// There is no bus, or it refused the connection.
    #[error("connect to the session bus: {0}")]
    Connect(#[source] Cause),
    /// The bus refused an answer.
    #[error("ask the session bus: {0}")]
    Ask(#[source] Cause),
    /// The user's service manager is not there, or it refused.
    #[error("ask the user's service manager about {subject}: {source}")]
    Manager {
        /// A unit, or the property that was read.
        subject: String,
        /// What the D-Bus library says.
        source: Cause,
    },
    /// No answer came in time.
    #[error("the session bus does not answer")]
    Silent,
    /// The bus ended.
    #[error("the session bus is gone")]
    Lost,
}
