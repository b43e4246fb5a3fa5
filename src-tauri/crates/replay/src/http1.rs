//! One captured TCP connection over HTTP/1.1.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::answer;
use crate::capture::{Content, Encoding, Entry};
use crate::report::SendError;

/// How much of a refusing answer's body is kept for the report.
const KEPT_OF_A_REFUSAL: usize = 200;

/// A connection that is opened with its first request, kept open, and opened anew when the receiver
/// closed it: what the client does.
pub(crate) struct Connection {
    address: SocketAddr,
    open: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, open: None }
    }

    /// Posts `entry`. Returns how many of its records the receiver refused.
    pub(crate) async fn send(&mut self, entry: &Entry) -> Result<u64, SendError> {
        let mut open = match self.open.take() {
            Some(open) if !open.is_closed() => open,
            _ => self.connect().await?,
        };
        open.ready().await.map_err(SendError::Broken)?;
        let answer = open.send_request(self.request(entry)).await.map_err(SendError::Broken)?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(SendError::Broken)?.to_bytes();
        self.open = Some(open);
        if head.status.is_success() {
            return Ok(answer::refused_records(entry.signal, entry.content, &body));
        }
        Err(SendError::Refused {
            status: head.status.as_u16(),
            message: readable(&body),
            retry_after: retry_after(&head.headers),
        })
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, SendError> {
        let refused = |source| SendError::Connect { address: self.address, source };
        let stream = TcpStream::connect(self.address).await.map_err(refused)?;
        stream.set_nodelay(true).map_err(refused)?;
        let (open, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(SendError::Broken)?;
        // Its errors reach the request that meets them; it ends when `open` is dropped.
        tokio::spawn(connection);
        Ok(open)
    }

    fn request(&self, entry: &Entry) -> Request<Full<Bytes>> {
        let kind = match entry.content {
            Content::Protobuf => "application/x-protobuf",
            Content::Json => "application/json",
        };
        let mut request = Request::post(format!("/v1/{}", entry.signal))
            .header(HOST, self.address.to_string())
            .header(USER_AGENT, concat!("plimsoll-replay/", env!("CARGO_PKG_VERSION")))
            .header(CONTENT_TYPE, kind);
        if entry.encoding == Encoding::Gzip {
            request = request.header(CONTENT_ENCODING, "gzip");
        }
        request.body(Full::new(entry.body.clone())).expect("path and headers are plain ASCII")
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// The text of a refusal; its control characters (a protobuf body has some) become spaces.
fn readable(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let plain = text.chars().map(|each| if each.is_control() { ' ' } else { each });
    plain.take(KEPT_OF_A_REFUSAL).collect::<String>().trim().to_owned()
}
