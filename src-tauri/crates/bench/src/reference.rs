//! The reference: what any durable receiver has to do, and nothing else.
//!
//! axum, full decode of every message, one writer thread that takes everything waiting, writes it in
//! one transaction of a full sync, and only then has it answered with 200. Rows are eight numbers in the
//! order of time, so that a repetition changes nothing. No sums, no prices, no streams.

mod rows;
mod store;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use clap::Args;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use prost::Message;
use tokio::net::TcpListener;

use store::Store;

/// As in the resident.
const BODY_LIMIT: usize = 20 << 20;

/// Where it serves and where it keeps what it receives.
#[derive(Debug, Clone, Args)]
pub(crate) struct Arguments {
    /// The address for OTLP over HTTP.
    #[arg(long, default_value = "127.0.0.1:4318")]
    listen: SocketAddr,
    /// The SQLite file.
    #[arg(long)]
    ledger: PathBuf,
}

/// Serves until it is killed; prints its address first.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let store = Store::open(&arguments.ledger)?;
    let router = Router::new()
        .route("/v1/metrics", post(metrics))
        .route("/v1/logs", post(logs))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(store);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("cannot start the runtime")?.block_on(async {
        let listener = TcpListener::bind(arguments.listen).await?;
        println!("{}", listener.local_addr()?);
        let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
            // Without it only slower.
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, router).await.context("the server ended")
    })
}

async fn metrics(State(store): State<Store>, body: Bytes) -> Response {
    match ExportMetricsServiceRequest::decode(body) {
        Ok(export) => answer(store.keep(rows::of_metrics(&export)).await),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

async fn logs(State(store): State<Store>, body: Bytes) -> Response {
    match ExportLogsServiceRequest::decode(body) {
        Ok(export) => answer(store.keep(rows::of_logs(&export)).await),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

fn answer(kept: bool) -> Response {
    if kept {
        ([(CONTENT_TYPE, "application/x-protobuf")], Bytes::new()).into_response()
    } else {
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    }
}
