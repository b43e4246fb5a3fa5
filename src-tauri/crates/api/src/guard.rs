//! What stands before every route: whose pages may ask, who must show the key, what browsers are told.

use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use plimsoll_loopback::{Connection, HostLayer};

use crate::{Key, Shared, error::ApiError, hooks, quiet, setup};

/// The header that carries the key of `runtime.json`.
pub(crate) const KEY_HEADER: &str = "x-plimsoll-key";

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Whether it is known that whoever asks is the user: there `plimsoll_loopback` looks who owns the other end.
const USER_IS_KNOWN: bool = cfg!(target_os = "linux");

/// What the page may load: its own files and nothing else.
const POLICY: &str = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// The routes with all of it before them.
pub(crate) fn stand_before<S: Clone + Send + Sync + 'static>(
    routes: Router<S>,
    key: Key,
) -> Router<S> {
    routes
        .layer(middleware::from_fn_with_state(key, admit))
        .layer(HostLayer::new(|_: &HeaderMap, fault| ApiError::Host(fault).into_response()))
        .layer(middleware::map_response(harden))
}

/// Lets reading pass; anything else needs one of our own origins, where there is an origin, and the key. The
/// client's hooks need no key where the user is known: it stands in no settings, since each start makes it anew. Nor
/// do our own pages there where they set up or ask for quiet: browsers let no other page say that it is ours.
async fn admit(State(key): State<Key>, request: Request, next: Next) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        // Without a connection there is no port that could be ours.
        let port = request.extensions().get::<Connection>().map(|one| one.local.port());
        if !is_own_origin(request.headers(), port) {
            return ApiError::ForeignOrigin.into_response();
        }
        let path = request.uri().path();
        let is_page = request.headers().contains_key(header::ORIGIN)
            && (setup::is_for_page(path) || quiet::is_for_page(path));
        let keyless = USER_IS_KNOWN && (hooks::is_door(path) || is_page);
        if !keyless && let Err(refusal) = demand(&key, request.headers()) {
            return refusal.into_response();
        }
    }
    next.run(request).await
}

/// Tells browsers with every answer: nothing from elsewhere, no framing, no guessing of content types.
async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    response
}

impl Shared {
    /// Refuses unless the key is shown.
    pub(crate) fn demand_key(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        demand(&self.api.key, headers)
    }
}

fn demand(key: &Key, headers: &HeaderMap) -> Result<(), ApiError> {
    let shown = headers.get(KEY_HEADER).map(HeaderValue::as_bytes);
    match shown {
        Some(shown) if key.opens(shown) => Ok(()),
        _ => Err(ApiError::KeyNeeded),
    }
}

/// Whether every `Origin` of a request is ours. A request without one does not come from a foreign page.
fn is_own_origin(headers: &HeaderMap, port: Option<u16>) -> bool {
    headers.get_all(header::ORIGIN).iter().all(|origin| {
        let authority = origin.to_str().ok().and_then(|text| text.strip_prefix("http://"));
        authority.is_some_and(|authority| is_own_authority(authority, port))
    })
}

fn is_own_authority(authority: &str, ours: Option<u16>) -> bool {
    // The port of an origin is left out when it is the scheme's own.
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()),
        _ => (authority, Some(80)),
    };
    port.is_some() && port == ours && ["localhost", "127.0.0.1", "[::1]"].contains(&host)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: origins of our page, of other ports, hosts and schemes, of a sandboxed frame, and none.
    /// Guarantees: only our own, and requests without an origin, pass.
    #[test]
    fn only_our_own_origins_pass() {
        let passes = |origins: &[&'static str], port: u16| {
            let mut headers = HeaderMap::new();
            for origin in origins {
                headers.append(header::ORIGIN, HeaderValue::from_static(origin));
            }
            is_own_origin(&headers, Some(port))
        };
        assert!(passes(&[], 3030));
        for ours in ["http://localhost:3030", "http://127.0.0.1:3030", "http://[::1]:3030"] {
            assert!(passes(&[ours], 3030), "{ours}");
        }
        for foreign in [
            "null",
            "",
            "http://localhost",
            "http://localhost:8080",
            "https://localhost:3030",
            "http://evil.example:3030",
            "http://localhost.evil.example:3030",
            "http://[::1]",
            "http://[::1]:3030x",
        ] {
            assert!(!passes(&[foreign], 3030), "{foreign}");
        }
        assert!(passes(&["http://localhost"], 80));
        assert!(passes(&["http://[::1]"], 80));
        assert!(!passes(&["http://localhost:3030", "http://evil.example"], 3030));
    }
}
