//! A small HTTP/1.1 client for loopback, one connection per request.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::sse::EventStream;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server on this machine.
#[derive(Debug, Clone, Copy)]
pub struct Loopback {
    address: SocketAddr,
}

/// A complete answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// The body as text; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is none.
    pub fn json(&self) -> Result<Value, LoopbackError> {
        serde_json::from_slice(&self.body).map_err(LoopbackError::Json)
    }
}

/// Why there is no answer, or not the one that was needed.
#[derive(Debug, thiserror::Error)]
pub enum LoopbackError {
    /// Nothing listens there, or it does not let us in.
    #[error("cannot connect to {address}")]
    Connect {
        /// The server's address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The request is not valid HTTP.
    #[error("cannot build the request")]
    Build(#[source] http::Error),
    /// The connection broke.
    #[error("the connection broke")]
    Broken(#[source] hyper::Error),
    /// No answer, or no event, in time.
    #[error("nothing came within {0:?}")]
    Late(Duration),
    /// The answer's status is not 200.
    #[error("answered with {status}: {body}")]
    Status {
        /// The status.
        status: StatusCode,
        /// The body.
        body: String,
    },
    /// The body, or an event's data, is not JSON.
    #[error("the answer is not JSON")]
    Json(#[source] serde_json::Error),
}

impl Loopback {
    /// The server at `address`.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self { address }
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `GET path`, whatever the answer.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn get(&self, path: &str) -> Result<Answer, LoopbackError> {
        let request = Request::get(path).body(Full::default()).map_err(LoopbackError::Build)?;
        self.send(request).await
    }

    /// `GET path`, which has to be answered with 200 and JSON.
    ///
    /// # Errors
    /// When it is not.
    pub async fn json(&self, path: &str) -> Result<Value, LoopbackError> {
        let answer = self.get(path).await?;
        if answer.status != StatusCode::OK {
            return Err(LoopbackError::Status { status: answer.status, body: answer.text() });
        }
        answer.json()
    }

    /// `POST path`, whatever the answer.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Answer, LoopbackError> {
        let request = headers
            .iter()
            .fold(Request::post(path), |request, (name, value)| request.header(*name, *value))
            .body(Full::new(body.into()))
            .map_err(LoopbackError::Build)?;
        self.send(request).await
    }

    /// Sends any request. `Host` is added where it is missing.
    ///
    /// # Errors
    /// When there is no complete answer within ten seconds.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Result<Answer, LoopbackError> {
        let whole = async {
            let (head, body) = self.begin(request).await?.into_parts();
            let body = body.collect().await.map_err(LoopbackError::Broken)?.to_bytes();
            Ok(Answer { status: head.status, headers: head.headers, body })
        };
        timeout(PATIENCE, whole).await.unwrap_or(Err(LoopbackError::Late(PATIENCE)))
    }

    /// Opens a stream of server-sent events, after `last_event_id` where one is given.
    ///
    /// # Errors
    /// When it is not answered with 200.
    pub async fn events(
        &self,
        path: &str,
        last_event_id: Option<&str>,
    ) -> Result<EventStream, LoopbackError> {
        let after = last_event_id.map(|id| ("last-event-id", id));
        self.events_with(path, after.as_slice()).await
    }

    /// Opens a stream of server-sent events by a request with these headers.
    ///
    /// # Errors
    /// When it is not answered with 200.
    pub async fn events_with(
        &self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<EventStream, LoopbackError> {
        let request = headers
            .iter()
            .fold(Request::get(path), |request, (name, value)| request.header(*name, *value))
            .body(Full::default())
            .map_err(LoopbackError::Build)?;
        let begun = timeout(PATIENCE, self.begin(request)).await;
        let answer = begun.unwrap_or(Err(LoopbackError::Late(PATIENCE)))?;
        let status = answer.status();
        if status != StatusCode::OK {
            return Err(LoopbackError::Status { status, body: String::new() });
        }
        Ok(EventStream::new(answer.into_body()))
    }

    async fn begin(
        &self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, LoopbackError> {
        let refused = |source| LoopbackError::Connect { address: self.address, source };
        let stream = TcpStream::connect(self.address).await.map_err(refused)?;
        let io = TokioIo::new(stream);
        let (mut sender, connection) = http1::handshake(io).await.map_err(LoopbackError::Broken)?;
        // Its errors reach the answer; it ends when the answer does.
        tokio::spawn(connection);
        if !request.headers().contains_key(HOST) {
            let host = self.address.to_string().parse().expect("an address is a valid header");
            request.headers_mut().insert(HOST, host);
        }
        sender.send_request(request).await.map_err(LoopbackError::Broken)
    }
}
