//! Posting over the network: one connection for each message, closed after its answer.

use std::{
    error::Error,
    io,
    pin::pin,
    sync::{Mutex, PoisonError},
    time::{Duration, UNIX_EPOCH},
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Request, Uri,
    header::{CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT},
};
use http_body_util::Full;
use hyper::{
    client::conn::http1,
    rt::{Read, Write},
};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use plimsoll_domain::{Timestamp, text::plain};
use tokio::time::timeout;
use tower::{Service, ServiceExt as _};

use super::{Answer, Letter, Post, PostError, sign::signature};

/// How long everything may take, from the name's resolution to the answer's head.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Characters of what a library says at most.
const WORDS: usize = 200;

/// The network. The system's certificates are read when the first message goes over TLS, and given back when there are no
/// more messages.
#[derive(Debug, Default)]
pub(crate) struct Wire(Mutex<Option<HttpsConnector<HttpConnector>>>);

impl Post for Wire {
    async fn post(&self, letter: Letter) -> Result<Answer, PostError> {
        timeout(PATIENCE, self.send(letter)).await.unwrap_or(Err(PostError::Silent))
    }

    fn rest(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Wire {
    async fn send(&self, letter: Letter) -> Result<Answer, PostError> {
        let uri: Uri = letter.webhook.url.parse().map_err(|error| unusable(&error))?;
        let sent = letter.sent;
        let request = request(&uri, letter)?;
        match uri.scheme_str() {
            Some("http") => exchange(HttpConnector::new(), uri, request, sent).await,
            Some("https") => exchange(self.secure().await?, uri, request, sent).await,
            _ => Err(PostError::Url("it begins with neither http:// nor https://".to_owned())),
        }
    }

    /// What connects over TLS.
    async fn secure(&self) -> Result<HttpsConnector<HttpConnector>, PostError> {
        let made = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(made) = made {
            return Ok(made);
        }
        // Reads the files of the system's certificates.
        let made = tokio::task::spawn_blocking(|| {
            let builder = HttpsConnectorBuilder::new().with_native_roots()?;
            Ok::<_, io::Error>(builder.https_only().enable_http1().build())
        });
        let made = made.await.map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(kept.insert(made).clone())
    }
}

/// The request as the server sees it.
fn request(uri: &Uri, letter: Letter) -> Result<Request<Full<Bytes>>, PostError> {
    let host = uri.host().ok_or_else(|| PostError::Url("it names no host".to_owned()))?;
    let host = uri.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let seconds = letter.at.millis() / 1_000;
    let signature =
        letter.webhook.secret.as_ref().and_then(|secret| signature(secret, &letter.body));
    let mut request = Request::post(path)
        .header(HOST, host)
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, concat!("plimsoll/", env!("CARGO_PKG_VERSION")))
        .header("Idempotency-Key", letter.id)
        .header("X-Plimsoll-Timestamp", seconds);
    if let Some(signature) = signature {
        request = request.header("X-Plimsoll-Signature", signature);
    }
    request.body(Full::new(letter.body)).map_err(|error| unusable(&error))
}

/// Connects, asks, and reads the head of the answer; its body is not read.
async fn exchange<C>(
    connector: C,
    uri: Uri,
    request: Request<Full<Bytes>>,
    sent: Timestamp,
) -> Result<Answer, PostError>
where
    C: Service<Uri>,
    C::Response: Read + Write + Unpin,
    C::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let stream = connector.oneshot(uri).await.map_err(|error| failed(&*error.into()))?;
    let (mut sender, connection) =
        http1::handshake(stream).await.map_err(|error| failed(&error))?;
    let mut answered = pin!(sender.send_request(request));
    let answer = tokio::select! {
        answer = &mut answered => answer,
        // The answer may have come with the end.
        _ = connection => answered.await,
    };
    let answer = answer.map_err(|error| failed(&error))?;
    let retry_after = retry_after(answer.headers(), sent);
    Ok(Answer { status: answer.status().as_u16(), retry_after })
}

/// How long the server wishes not to be asked, from the header's seconds or its date.
fn retry_after(headers: &HeaderMap<HeaderValue>, sent: Timestamp) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Timestamp::EPOCH.after(date).since(sent))
}

fn unusable(error: &dyn Error) -> PostError {
    PostError::Url(plain(&error.to_string(), WORDS))
}

/// What is at the bottom of an error: `connection refused`, `invalid peer certificate: Expired`.
fn failed(error: &(dyn Error + 'static)) -> PostError {
    let mut cause = error;
    while let Some(deeper) = source(cause) {
        cause = deeper;
    }
    let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
    let said = match kind {
        // The system's own words have a number in them.
        Some(kind) if kind != io::ErrorKind::Other => kind.to_string(),
        _ => cause.to_string(),
    };
    PostError::Connection(plain(&said, WORDS))
}

/// The error beneath another. What an `io::Error` wraps is not its source.
fn source<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    if let Some(wrapped) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        return Some(wrapped);
    }
    error.source()
}

#[cfg(test)]
mod tests;
