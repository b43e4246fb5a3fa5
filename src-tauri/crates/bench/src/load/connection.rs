//! One connection of the load, in any protocol.

use std::net::SocketAddr;

use anyhow::Result;

use super::{Protocol, grpc, http1};
use crate::payload::{Fresh, Run, Template};

/// What a body is posted as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Metrics,
    Logs,
}

/// An open connection.
pub(crate) enum Connection {
    Http(http1::Connection),
    Grpc(grpc::Connection),
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr, protocol: Protocol) -> Result<Self> {
        Ok(match protocol {
            Protocol::Protobuf | Protocol::Json => {
                Self::Http(http1::Connection::open(address, protocol).await?)
            }
            Protocol::Grpc => Self::Grpc(grpc::Connection::open(address).await?),
        })
    }

    /// Sends a body and waits for the answer, which has to accept it.
    pub(crate) async fn send(
        &mut self,
        signal: Signal,
        template: &Template,
        fresh: Fresh,
        run: Run,
    ) -> Result<()> {
        match self {
            Self::Http(connection) => connection.send(signal, template, fresh, run).await,
            Self::Grpc(connection) => connection.send(signal, template, fresh, run).await,
        }
    }
}
