//! A connection without a thread of its own.

use std::{convert::Infallible, time::Duration};

use tokio::time::timeout;
use zbus::{Connection, connection::Builder};

use crate::{Bus, BusError};

/// How long the bus, or who is asked over it, may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection to the bus that has no thread of its own: it receives while it is driven, and only then.
#[derive(Debug, Clone)]
pub struct Link(Connection);

impl Link {
    /// Connects.
    ///
    /// # Errors
    /// When there is no bus, or it refuses or does not answer.
    pub async fn open(bus: &Bus) -> Result<Self, BusError> {
        connect(bus).await.map(Self)
    }

    /// What is called and listened to.
    pub const fn connection(&self) -> &Connection {
        &self.0
    }

    /// Does `work` and, beside it, what the connection has to do.
    pub async fn drive<T>(&self, work: impl Future<Output = T>) -> T {
        drive(&self.0, work).await
    }
}

/// Connects.
pub(super) async fn connect(bus: &Bus) -> Result<Connection, BusError> {
    let builder = match bus.address() {
        Some(address) => Builder::address(address),
        None => Builder::session(),
    };
    let builder = builder.map_err(|error| BusError::Connect(error.into()))?;
    // zbus would start a thread for each connection: see `drive`.
    let connection = builder.internal_executor(false).build();
    within(connection).await?.map_err(|error| BusError::Connect(error.into()))
}

/// Does `work` and, beside it, what the connection has to do: without this nothing is received.
pub(super) async fn drive<T>(connection: &Connection, work: impl Future<Output = T>) -> T {
    tokio::select! {
        done = work => done,
        never = upkeep(connection) => match never {},
    }
}

async fn upkeep(connection: &Connection) -> Infallible {
    loop {
        connection.executor().tick().await;
    }
}

/// An answer in time.
pub(super) async fn within<T>(answer: impl Future<Output = T>) -> Result<T, BusError> {
    timeout(PATIENCE, answer).await.map_err(|_| BusError::Silent)
}
