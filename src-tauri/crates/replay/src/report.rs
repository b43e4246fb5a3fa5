//! How a replay went.

use std::net::SocketAddr;
use std::time::Duration;

use crate::capture::{Signal, Transport};

/// How a replay went.
#[derive(Debug, Default)]
pub struct Report {
    /// Requests sent, repetitions of the same one not counted.
    pub sent: usize,
    /// Requests that the receiver accepted, in whole or in part.
    pub accepted: usize,
    /// Records and points that the receiver refused inside accepted requests.
    pub rejected: u64,
    /// Requests that it did not accept.
    pub failed: Vec<Failure>,
}

/// A request that was not accepted.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {error}")]
pub struct Failure {
    /// The body's file name.
    pub file: String,
    /// What it carries.
    pub signal: Signal,
    /// Why it was not accepted.
    #[source]
    pub error: SendError,
}

/// Why a request was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It was captured over a protocol for which no receiver was given.
    #[error("no receiver for {0} was given")]
    NoReceiver(Transport),
    /// Nothing listens at the address, or it does not let us in.
    #[error("cannot connect to {address}")]
    Connect {
        /// The receiver's address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The connection broke before the answer was complete.
    #[error("the connection broke")]
    Broken(#[source] hyper::Error),
    /// No answer in time.
    #[error("no answer within {0:?}")]
    Late(Duration),
    /// An answer that refuses the request over HTTP.
    #[error("answered with HTTP {status}: {message}")]
    Refused {
        /// The status.
        status: u16,
        /// The body of the answer, shortened.
        message: String,
        /// How long it asked to be left alone.
        retry_after: Option<Duration>,
    },
    /// An answer that refuses the request over gRPC, or no connection.
    #[error("answered with gRPC {}: {}", .0.code(), .0.message())]
    Grpc(#[source] Box<tonic::Status>),
}

impl SendError {
    /// Whether the client would send the same bytes again: over HTTP after 429, 502, 503 and 504.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Refused { status: 429 | 502..=504, .. })
    }

    /// How long the receiver asked to be left alone.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
