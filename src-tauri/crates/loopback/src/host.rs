//! The Host check: a page of another site must not reach us through the user's browser by pointing
//! its own name at 127.0.0.1.

use std::task::{Context, Poll};

use axum::response::Response;
use futures_util::future::{Either, Ready, ready};
use http::{HeaderMap, Request, StatusCode, header::HOST};
use tower::{Layer, Service};

use crate::Connection;

/// What is wrong with the host that a request names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostFault {
    /// It names no host, or several.
    Missing,
    /// It names a host that is not this machine's loopback, or a port that is not the one served.
    Foreign,
}

impl HostFault {
    /// The status that says so over HTTP.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Missing => StatusCode::BAD_REQUEST,
            Self::Foreign => StatusCode::FORBIDDEN,
        }
    }

    /// One sentence for the client.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Missing => "the request names no host",
            Self::Foreign => "the request's host is not this machine's loopback address and port",
        }
    }
}

/// Lets only requests through that name `localhost`, `127.0.0.1` or `[::1]` with the port they came
/// in on (no port means 80). What is answered otherwise is the given function's to say; it sees the
/// request's headers.
#[derive(Debug, Clone)]
pub struct HostLayer<F> {
    refuse: F,
}

impl<F> HostLayer<F>
where
    F: Fn(&HeaderMap, HostFault) -> Response,
{
    /// With the refusing answer.
    pub const fn new(refuse: F) -> Self {
        Self { refuse }
    }
}

impl<S, F: Clone> Layer<S> for HostLayer<F> {
    type Service = HostCheck<S, F>;

    fn layer(&self, inner: S) -> Self::Service {
        HostCheck { inner, refuse: self.refuse.clone() }
    }
}

/// The service that [`HostLayer`] makes.
#[derive(Debug, Clone)]
pub struct HostCheck<S, F> {
    inner: S,
    refuse: F,
}

impl<S, F, B> Service<Request<B>> for HostCheck<S, F>
where
    S: Service<Request<B>, Response = Response>,
    F: Fn(&HeaderMap, HostFault) -> Response,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<Response, S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match check(&request) {
            Ok(()) => Either::Left(self.inner.call(request)),
            Err(fault) => Either::Right(ready(Ok((self.refuse)(request.headers(), fault)))),
        }
    }
}

/// Both the address in the request line (`:authority` over HTTP/2) and the Host header must be
/// ours, where they are given. A request that did not come through this crate's server is refused.
fn check<B>(request: &Request<B>) -> Result<(), HostFault> {
    let port = request.extensions().get::<Connection>().map(|connection| connection.local.port());
    let port = port.ok_or(HostFault::Foreign)?;
    let authority = request.uri().authority().map(|authority| authority.as_str().as_bytes());
    let mut headers = request.headers().get_all(HOST).iter();
    let header = headers.next().map(http::HeaderValue::as_bytes);
    if headers.next().is_some() || (authority.is_none() && header.is_none()) {
        return Err(HostFault::Missing);
    }
    let ours = [authority, header].into_iter().flatten().all(|host| is_ours(host, port));
    if ours { Ok(()) } else { Err(HostFault::Foreign) }
}

fn is_ours(host: &[u8], port: u16) -> bool {
    const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];
    let Ok(host) = str::from_utf8(host) else { return false };
    NAMES.into_iter().any(|name| {
        let Some((start, rest)) = host.split_at_checked(name.len()) else { return false };
        start.eq_ignore_ascii_case(name)
            && match rest.strip_prefix(':') {
                Some(digits) => {
                    digits.bytes().all(|digit| digit.is_ascii_digit()) && digits.parse() == Ok(port)
                }
                None => rest.is_empty() && port == 80,
            }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: hosts as clients and attackers write them.
    /// Guarantees: only the three names, in any case, with exactly the served port; no port means
    /// 80.
    #[test]
    fn only_loopback_names_with_the_served_port_are_ours() {
        for host in ["localhost:4318", "LOCALHOST:4318", "127.0.0.1:4318", "[::1]:4318"] {
            assert!(is_ours(host.as_bytes(), 4318), "{host}");
        }
        for host in [
            "",
            "localhost",
            "localhost:",
            "localhost:80",
            "localhost:+4318",
            "localhost:43180",
            "localhost.example:4318",
            "evil.example:4318",
            "127.0.0.1.evil.example:4318",
            "127.0.0.2:4318",
            "user@127.0.0.1:4318",
            "::1:4318",
            "\u{e9}vil:4318",
        ] {
            assert!(!is_ours(host.as_bytes(), 4318), "{host}");
        }
        assert!(!is_ours(b"local\xffhost:4318", 4318));
        assert!(is_ours(b"localhost", 80));
        assert!(is_ours(b"localhost:80", 80));
    }
}
