//! OTLP over gRPC: the three services of the protocol's generated servers.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE};
use http_body::{Frame, SizeHint};
use plimsoll_loopback::{Connection, HostFault, HostLayer};
use tokio::time::Sleep;
use tonic::{Code, Status, codec::CompressionEncoding, service::Routes};

use crate::{
    counters::{Protocol, Reason},
    export::{ExportRequest, Signal},
    intake::{Intake, Refusal},
    json::Decoded,
    proto::collector::{
        logs::v1::{
            ExportLogsServiceRequest, ExportLogsServiceResponse,
            logs_service_server::{self, LogsService, LogsServiceServer},
        },
        metrics::v1::{
            ExportMetricsServiceRequest, ExportMetricsServiceResponse,
            metrics_service_server::{self, MetricsService, MetricsServiceServer},
        },
        trace::v1::{
            ExportTraceServiceRequest, ExportTraceServiceResponse,
            trace_service_server::{self, TraceService, TraceServiceServer},
        },
    },
    receiver::Desk,
};

pub(crate) fn router<I: Intake>(desk: &Arc<Desk<I>>) -> Router {
    /// All accept both compressions and no message beyond the limit, as sent or inflated.
    macro_rules! service {
        ($server:ident) => {
            $server::new(Exporting(Arc::clone(desk)))
                .accept_compressed(CompressionEncoding::Gzip)
                .accept_compressed(CompressionEncoding::Zstd)
                .max_decoding_message_size(desk.limits.inflated)
        };
    }
    let counted = Arc::clone(desk);
    let wrong_host = move |_: &HeaderMap, fault: HostFault| {
        counted.counters.refused(Protocol::Grpc, None, Reason::Host);
        Status::permission_denied(fault.message()).into_http()
    };
    Routes::new(service!(MetricsServiceServer))
        .add_service(service!(LogsServiceServer))
        .add_service(service!(TraceServiceServer))
        .into_axum_router()
        .layer(from_fn_with_state(Arc::clone(desk), watch))
        .layer(HostLayer::new(wrong_host))
}

/// The three services.
struct Exporting<I>(Arc<Desk<I>>);

impl<I: Intake> Exporting<I> {
    async fn take<R: ExportRequest>(
        &self,
        request: tonic::Request<R>,
    ) -> Result<tonic::Response<R::Response>, Status> {
        // The Host check has let nothing through without one.
        let connection = request.extensions().get::<Connection>().map(|connection| connection.id);
        let connection = connection.ok_or_else(|| Status::permission_denied("no connection"))?;
        let decoded = Decoded::whole(request.into_inner());
        let receipt = self.0.admit(Protocol::Grpc, connection, decoded).await;
        // Retryable by its code alone.
        let receipt =
            receipt.map_err(|refusal: Refusal| Status::unavailable(refusal.to_string()))?;
        Ok(tonic::Response::new(R::response(receipt).unwrap_or_default()))
    }
}

#[tonic::async_trait]
impl<I: Intake> MetricsService for Exporting<I> {
    async fn export(
        &self,
        request: tonic::Request<ExportMetricsServiceRequest>,
    ) -> Result<tonic::Response<ExportMetricsServiceResponse>, Status> {
        self.take(request).await
    }
}

#[tonic::async_trait]
impl<I: Intake> LogsService for Exporting<I> {
    async fn export(
        &self,
        request: tonic::Request<ExportLogsServiceRequest>,
    ) -> Result<tonic::Response<ExportLogsServiceResponse>, Status> {
        self.take(request).await
    }
}

#[tonic::async_trait]
impl<I: Intake> TraceService for Exporting<I> {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, Status> {
        self.take(request).await
    }
}

/// Sees every request before and after the generated servers: gives its body a deadline, counts
/// what they refuse by themselves, and puts their codes right.
async fn watch<I: Intake>(
    State(desk): State<Arc<Desk<I>>>,
    request: Request,
    next: Next,
) -> Response {
    let signal = signal_of(request.uri().path());
    if !is_grpc(request.headers()) {
        desk.counters.refused(Protocol::Grpc, signal, Reason::ContentType);
        return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
    }
    if !desk.is_shown_token(request.headers()) {
        desk.counters.refused(Protocol::Grpc, signal, Reason::Token);
        return Status::unauthenticated("this receiver wants its token").into_http();
    }
    let deadline = desk.limits.deadline;
    let request = request.map(|body| Body::new(Punctual { body, deadline, timer: None }));
    let mut response = next.run(request).await;
    // Only an answer without a message has its status among the headers.
    let code =
        response.headers().get(Status::GRPC_STATUS).map(|code| Code::from_bytes(code.as_bytes()));
    if let Some((reason, code)) = code.and_then(|code| refusal(code, signal)) {
        desk.counters.refused(Protocol::Grpc, signal, reason);
        response.headers_mut().insert(Status::GRPC_STATUS, HeaderValue::from(code as i32));
    }
    response
}

/// What a code of the generated servers means here, and the code that OTLP wants for it; `None` for
/// those of our own, which are counted already.
///
/// They answer INTERNAL to whatever they cannot decode, and OUT_OF_RANGE to a message that is too
/// large, which OTLP clients would send again:
/// <https://opentelemetry.io/docs/specs/otlp/#failures>.
const fn refusal(code: Code, signal: Option<Signal>) -> Option<(Reason, Code)> {
    match code {
        Code::Ok | Code::Unavailable | Code::PermissionDenied => None,
        Code::Internal | Code::InvalidArgument => Some((Reason::Malformed, Code::InvalidArgument)),
        Code::OutOfRange | Code::ResourceExhausted => {
            Some((Reason::TooLarge, Code::ResourceExhausted))
        }
        Code::Unimplemented if signal.is_some() => Some((Reason::Encoding, code)),
        Code::Unimplemented => Some((Reason::Path, code)),
        Code::DeadlineExceeded => Some((Reason::TooSlow, code)),
        _ => Some((Reason::CutOff, code)),
    }
}

fn signal_of(path: &str) -> Option<Signal> {
    match path.strip_prefix('/')?.strip_suffix("/Export")? {
        metrics_service_server::SERVICE_NAME => Some(Signal::Metrics),
        logs_service_server::SERVICE_NAME => Some(Signal::Logs),
        trace_service_server::SERVICE_NAME => Some(Signal::Traces),
        _ => None,
    }
}

/// The generated servers do not look at the content type. A web page can send other types here
/// without asking first, but not this one.
fn is_grpc(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (essence, _parameters) = value.split_once(';').unwrap_or((value, ""));
    matches!(essence.trim(), "application/grpc" | "application/grpc+proto")
}

/// A body that has to arrive in time.
struct Punctual {
    body: Body,
    deadline: Duration,
    /// Begins when the body is waited for the first time.
    timer: Option<Pin<Box<Sleep>>>,
}

impl HttpBody for Punctual {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            return Poll::Ready(frame);
        }
        let deadline = self.deadline;
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(deadline)));
        timer.as_mut().poll(cx).map(|()| {
            let late = Status::deadline_exceeded("the message did not arrive in time");
            Some(Err(axum::Error::new(late)))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: the paths of the services, and others.
    /// Guarantees: each names its signal; anything else names none.
    #[test]
    fn paths_name_signals() {
        let path = |signal: &str, service: &str| {
            format!("/opentelemetry.proto.collector.{signal}.v1.{service}/Export")
        };
        assert_eq!(signal_of(&path("metrics", "MetricsService")), Some(Signal::Metrics));
        assert_eq!(signal_of(&path("logs", "LogsService")), Some(Signal::Logs));
        assert_eq!(signal_of(&path("trace", "TraceService")), Some(Signal::Traces));
        for other in ["", "/", "/Export", "/v1/logs", "/x.LogsService/Export"] {
            assert_eq!(signal_of(other), None, "{other}");
        }
    }
}
