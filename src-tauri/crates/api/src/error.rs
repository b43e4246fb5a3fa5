//! What is answered when something cannot be: a status, a stable code, one sentence.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use plimsoll_ledger::LedgerError;
use plimsoll_loopback::HostFault;
use serde::Serialize;

use crate::{orders::OrderError, setup::SetupError};

/// Why a request is not answered as asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// The request does not name one of our own addresses.
    #[error("This answers to localhost, 127.0.0.1 and [::1] with its own port only.")]
    Host(HostFault),
    /// The page that asks is not ours.
    #[error("Requests of other pages are not answered.")]
    ForeignOrigin,
    /// The key is missing or wrong.
    #[error("This needs the key of runtime.json in the header X-Plimsoll-Key.")]
    KeyNeeded,
    /// There is no such address.
    #[error("There is nothing at this address.")]
    NotFound,
    /// The address is not for this method.
    #[error("This address does not understand this method.")]
    MethodNotAllowed,
    /// A parameter cannot be used.
    #[error("{0}")]
    BadParameter(String),
    /// The body is larger than any that is taken.
    #[error("The body is larger than {0} bytes.")]
    BodyTooLarge(usize),
    /// No source told of the session.
    #[error("Nothing is known of session {0}.")]
    SessionUnknown(String),
    /// Nothing tells how full the session's context is.
    #[error("{0}")]
    ContextUnknown(&'static str),
    /// Another process shows the windows.
    #[error("Another process shows Plimsoll's windows already.")]
    WindowAttached,
    /// Nothing can show windows.
    #[error(
        "No window can be shown: this Plimsoll runs without a desktop. Open its page in a browser."
    )]
    NoWindows,
    /// The ledger is not open yet.
    #[error("The ledger is not open. GET /api/v1/health says why; it is tried again.")]
    LedgerClosed,
    /// The books could not be pruned.
    #[error("The ledger could not be pruned. Try again; the log has the reason.")]
    NotPruned(#[source] LedgerError),
    /// What was ordered was not carried out.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// Setting up did not go on.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The books could not be read.
    #[error("The ledger could not be read. Try again; the log has the reason.")]
    Ledger(#[from] LedgerError),
}

impl ApiError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Host(fault) => fault.status(),
            Self::ForeignOrigin => StatusCode::FORBIDDEN,
            Self::KeyNeeded => StatusCode::UNAUTHORIZED,
            Self::NotFound | Self::SessionUnknown(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::BadParameter(_) => StatusCode::BAD_REQUEST,
            Self::Setup(SetupError::Unknown(_)) => StatusCode::NOT_FOUND,
            Self::Setup(SetupError::Changed(_) | SetupError::Refused(_)) => StatusCode::CONFLICT,
            Self::Setup(SetupError::Failed(_)) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ContextUnknown(_) | Self::WindowAttached | Self::NoWindows => {
                StatusCode::CONFLICT
            }
            Self::LedgerClosed | Self::NotPruned(_) | Self::Order(_) | Self::Ledger(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Host(_) => "foreign-host",
            Self::ForeignOrigin => "foreign-origin",
            Self::KeyNeeded => "key-needed",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::BadParameter(_) => "bad-parameter",
            Self::Setup(SetupError::Changed(_)) => "settings-changed",
            Self::Setup(SetupError::Unknown(_)) => "settings-unknown",
            Self::Setup(SetupError::Refused(_)) => "settings-refused",
            Self::Setup(SetupError::Failed(_)) => "setup-failed",
            Self::BodyTooLarge(_) => "body-too-large",
            Self::SessionUnknown(_) => "session-unknown",
            Self::ContextUnknown(_) => "context-unknown",
            Self::WindowAttached => "window-attached",
            Self::NoWindows => "no-windows",
            Self::LedgerClosed => "ledger-closed",
            Self::NotPruned(_) | Self::Order(_) | Self::Ledger(_) => "ledger-unavailable",
        }
    }
}

/// The body of every refusal.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "ApiError"))]
pub(crate) struct ErrorBody {
    error: ErrorDetail,
}

/// A stable code, and one sentence for people.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ErrorDetail {
    code: &'static str,
    message: String,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if let Self::Ledger(source) | Self::NotPruned(source) = &self {
            tracing::warn!(error = %source, "answer from the ledger");
        }
        let detail = ErrorDetail { code: self.code(), message: self.to_string() };
        (self.status(), Json(ErrorBody { error: detail })).into_response()
    }
}
