//! Every answer that the HTTP receiver gives, by name.

use std::borrow::Cow;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{ACCEPT_ENCODING, ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use plimsoll_loopback::HostFault;
use prost::Message;
use serde_json::json;
use tonic::Code;

use crate::{
    body::BodyFault,
    counters::Reason,
    encoding::Encoding,
    export::ExportRequest,
    format::Format,
    intake::{Receipt, Refusal},
    status::RpcStatus,
};

/// Everything was kept: an empty message. With something to tell, a partial success.
pub(crate) fn accepted<R: ExportRequest>(format: Format, receipt: Receipt) -> Response {
    let body = match format {
        Format::Protobuf => match R::response(receipt) {
            None => Body::empty(),
            Some(partial) => Body::from(partial.encode_to_vec()),
        },
        Format::Json => match receipt {
            Receipt { rejected: 0, reason: None } => Body::from("{}"),
            Receipt { rejected, reason } => {
                // 64-bit integers are strings in the JSON form of protobuf.
                let partial = json!({
                    R::SIGNAL.rejected_field(): rejected.to_string(),
                    "errorMessage": reason.unwrap_or_default(),
                });
                Body::from(json!({ "partialSuccess": partial }).to_string())
            }
        },
    };
    ([(CONTENT_TYPE, format.content_type())], body).into_response()
}

/// An answer that refuses the whole request.
#[derive(Debug, Clone)]
pub(crate) struct Denial {
    /// What is counted.
    pub(crate) reason: Reason,
    status: StatusCode,
    code: Code,
    message: Cow<'static, str>,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Denial {
    fn new(
        status: StatusCode,
        code: Code,
        reason: Reason,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { reason, status, code, message: message.into(), header: None }
    }

    fn with(self, name: HeaderName, value: &'static str) -> Self {
        Self { header: Some((name, HeaderValue::from_static(value))), ..self }
    }

    /// The body is no export request.
    pub(crate) fn malformed(message: impl Into<Cow<'static, str>>) -> Self {
        let status = StatusCode::BAD_REQUEST;
        Self::new(status, Code::InvalidArgument, Reason::Malformed, message)
    }

    /// The body could not be read.
    pub(crate) fn body(fault: BodyFault) -> Self {
        match fault {
            BodyFault::TooLarge => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                // For a gRPC client that would mean "send it again" only with details, which we
                // omit.
                Code::ResourceExhausted,
                Reason::TooLarge,
                "the body is too large",
            ),
            BodyFault::TooSlow => Self::new(
                StatusCode::REQUEST_TIMEOUT,
                Code::DeadlineExceeded,
                Reason::TooSlow,
                "the body did not arrive in time",
            ),
            BodyFault::CutOff => Self::new(
                StatusCode::BAD_REQUEST,
                Code::InvalidArgument,
                Reason::CutOff,
                "the body is not complete",
            ),
            BodyFault::Corrupt => Self::malformed("the body is not what its Content-Encoding says"),
        }
    }

    /// Neither protobuf nor JSON.
    pub(crate) fn unsupported_media_type() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Code::InvalidArgument,
            Reason::ContentType,
            "the Content-Type must be application/x-protobuf or application/json",
        )
    }

    /// A compression that is not known, or several.
    pub(crate) fn unsupported_encoding() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Code::InvalidArgument,
            Reason::Encoding,
            "the Content-Encoding must be gzip, zstd or identity",
        )
        .with(ACCEPT_ENCODING, Encoding::ACCEPTED)
    }

    /// Only POST is served.
    pub(crate) fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            Code::Unimplemented,
            Reason::Method,
            "only POST is served here",
        )
        .with(ALLOW, "POST")
    }

    /// None of the three paths.
    pub(crate) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            Code::NotFound,
            Reason::Path,
            "only /v1/metrics, /v1/logs and /v1/traces are served here",
        )
    }

    /// The request names another host, or none.
    pub(crate) fn wrong_host(fault: HostFault) -> Self {
        let code = match fault {
            HostFault::Missing => Code::InvalidArgument,
            HostFault::Foreign => Code::PermissionDenied,
        };
        Self::new(fault.status(), code, Reason::Host, fault.message())
    }

    /// The receiver's token is missing or wrong.
    pub(crate) fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            Code::Unauthenticated,
            Reason::Token,
            "this receiver wants its token: Authorization: Bearer ...",
        )
        .with(WWW_AUTHENTICATE, "Bearer")
    }

    /// Nothing was kept, and the client may send it again: the real one waits as long as told.
    pub(crate) fn not_now(refusal: Refusal) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            Code::Unavailable,
            refusal.into(),
            refusal.to_string(),
        )
        .with(RETRY_AFTER, "1")
    }

    pub(crate) fn into_response(self, format: Format) -> Response {
        let status = RpcStatus { code: self.code as i32, message: self.message.into_owned() };
        let headers = [(CONTENT_TYPE, format.content_type())];
        (self.status, self.header.map(|header| [header]), headers, status.to_body(format))
            .into_response()
    }
}

impl From<Refusal> for Reason {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Full => Self::Full,
            Refusal::Unavailable => Self::Unavailable,
        }
    }
}
