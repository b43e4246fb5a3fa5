//! OTLP over HTTP: one handler for the three signals.

use std::sync::Arc;

use axum::{
    Extension, Router,
    body::Body,
    extract::{Request, State},
    response::Response,
    routing::any,
};
use http::{HeaderMap, Method, header::EXPECT, request::Parts};
use plimsoll_loopback::{Connection, HostFault, HostLayer};

use crate::{
    answer::{self, Denial},
    body,
    counters::{Protocol, Reason},
    encoding::Encoding,
    export::{ExportRequest, Signal},
    format::Format,
    intake::Intake,
    json::Decoded,
    limits::Limits,
    proto::collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    receiver::Desk,
};

pub(crate) fn router<I: Intake>(desk: &Arc<Desk<I>>) -> Router {
    let counted = Arc::clone(desk);
    let wrong_host = move |headers: &HeaderMap, fault: HostFault| {
        deny(&counted, None, Denial::wrong_host(fault), Format::of(headers))
    };
    Router::new()
        .route("/v1/metrics", any(receive::<ExportMetricsServiceRequest, I>))
        .route("/v1/logs", any(receive::<ExportLogsServiceRequest, I>))
        .route("/v1/traces", any(receive::<ExportTraceServiceRequest, I>))
        .fallback(elsewhere::<I>)
        .layer(HostLayer::new(wrong_host))
        .with_state(Arc::clone(desk))
}

/// Answers when the intake has kept the export, or with why not.
async fn receive<R: ExportRequest, I: Intake>(
    State(desk): State<Arc<Desk<I>>>,
    Extension(connection): Extension<Connection>,
    request: Request,
) -> Response {
    let (head, mut body) = request.into_parts();
    let asked = Format::of(&head.headers);
    let decoded = if desk.is_shown_token(&head.headers) {
        decode::<R>(&head, asked, &mut body, &desk.limits).await
    } else {
        Err(Denial::unauthenticated())
    };
    let denial = match decoded {
        Ok((format, decoded)) => {
            match desk.admit(Protocol::Http, connection.id, decoded).await {
                Ok(receipt) => return answer::accepted::<R>(format, receipt),
                // Counted where it is decided, for both protocols.
                Err(refusal) => return Denial::not_now(refusal).into_response(format),
            }
        }
        Err(denial) => denial,
    };
    if may_discard(&head, denial.reason) {
        body::discard(&mut body, &desk.limits).await;
    }
    deny(&desk, Some(R::SIGNAL), denial, asked)
}

async fn elsewhere<I: Intake>(State(desk): State<Arc<Desk<I>>>, request: Request) -> Response {
    let (head, mut body) = request.into_parts();
    let denial = Denial::not_found();
    if may_discard(&head, denial.reason) {
        body::discard(&mut body, &desk.limits).await;
    }
    deny(&desk, None, denial, Format::of(&head.headers))
}

/// Not from a client that has just been given up, nor from one that waits to be asked for the body.
fn may_discard(head: &Parts, reason: Reason) -> bool {
    reason != Reason::TooSlow && !head.headers.contains_key(EXPECT)
}

async fn decode<R: ExportRequest>(
    head: &Parts,
    asked: Option<Format>,
    body: &mut Body,
    limits: &Limits,
) -> Result<(Format, Decoded<R>), Denial> {
    if head.method != Method::POST {
        return Err(Denial::method_not_allowed());
    }
    let format = asked.ok_or_else(Denial::unsupported_media_type)?;
    let encoding = Encoding::of(&head.headers).ok_or_else(Denial::unsupported_encoding)?;
    let bytes = body::read(body, encoding, limits).await.map_err(Denial::body)?;
    let decoded = match format {
        Format::Protobuf => R::decode(&bytes[..]).map(Decoded::whole).map_err(malformed)?,
        Format::Json => R::from_json(&bytes).map_err(malformed)?,
    };
    Ok((format, decoded))
}

fn malformed(error: impl std::error::Error) -> Denial {
    Denial::malformed(error.to_string())
}

/// In JSON, which people can read, where the request does not say how.
fn deny<I>(
    desk: &Desk<I>,
    signal: Option<Signal>,
    denial: Denial,
    asked: Option<Format>,
) -> Response {
    desk.counters.refused(Protocol::Http, signal, denial.reason);
    denial.into_response(asked.unwrap_or(Format::Json))
}
