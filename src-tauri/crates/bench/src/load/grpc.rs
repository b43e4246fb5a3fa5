//! gRPC: one HTTP/2 connection, one call at a time.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use super::connection::Signal;
use crate::payload::{Fresh, Run, Template};

pub(crate) struct Connection {
    open: SendRequest<Full<Bytes>>,
    base: String,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await;
        let stream = stream.with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        let (open, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { open, base: format!("http://{address}/opentelemetry.proto.collector") })
    }

    pub(crate) async fn send(
        &mut self,
        signal: Signal,
        template: &Template,
        fresh: Fresh,
        run: Run,
    ) -> Result<()> {
        let service = match signal {
            Signal::Metrics => "metrics.v1.MetricsService",
            Signal::Logs => "logs.v1.LogsService",
        };
        let length = u32::try_from(template.len())?;
        let mut message = Vec::with_capacity(template.len() + 5);
        message.push(0);
        message.extend_from_slice(&length.to_be_bytes());
        template.write(fresh, run, &mut message);
        let request = Request::post(format!("{}.{service}/Export", self.base))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(Full::new(Bytes::from(message)))?;
        self.open.ready().await?;
        let answer = self.open.send_request(request).await?;
        let early = answer.headers().get("grpc-status").cloned();
        let rest = answer.into_body().collect().await?;
        let late = rest.trailers().and_then(|trailers| trailers.get("grpc-status").cloned());
        let status = late.or(early);
        ensure!(status.as_ref().is_some_and(|status| status == "0"), "answered with {status:?}");
        Ok(())
    }
}
