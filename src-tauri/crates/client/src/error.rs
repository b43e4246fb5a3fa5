//! Why the engine could not be asked.

use http::StatusCode;

/// Why the engine could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No engine runs: nothing names one, or who was named is gone.
    #[error("Plimsoll is not running. Start it with `plimsoll`.")]
    NotRunning,
    /// An engine runs and its dashboard has no port.
    #[error("Plimsoll runs, but its dashboard is not served")]
    NotServed,
    /// No answer within the time allowed.
    #[error("Plimsoll did not answer in time")]
    Late,
    /// The connection broke.
    #[error("the connection to Plimsoll broke")]
    Broken(#[source] hyper::Error),
    /// It answered that it will not.
    #[error("{}", sentence.clone().unwrap_or_else(|| format!("Plimsoll answered {status} to {path}")))]
    Refused {
        /// Its answer.
        status: StatusCode,
        /// What was asked for.
        path: String,
        /// Why, in its own words, plain; `None` where it said nothing that can be read.
        sentence: Option<String>,
    },
    /// The request could not be made.
    #[error("cannot ask for {path}")]
    Request {
        /// What was to be asked for.
        path: String,
        /// Why.
        source: http::Error,
    },
}

impl ClientError {
    /// Whether the engine answered with this status.
    #[must_use]
    pub fn is_refusal(&self, with: StatusCode) -> bool {
        matches!(self, Self::Refused { status, .. } if *status == with)
    }
}
