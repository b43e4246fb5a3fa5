//! The page: the files that `make ui` built, embedded in release builds and read from disk in others.

use std::{borrow::Cow, fmt::Write};

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::error::ApiError;

#[derive(RustEmbed)]
#[folder = "../../../ui/dist"]
struct Files;

const INDEX: &str = "index.html";

/// The build names these files by their content, so what was fetched once stays good.
const HASHED: &str = "assets/";

/// Answers with a file of the page. An address without a dot in its last part is a place within the page.
pub(crate) async fn read(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path == "api" || path.starts_with("api/") {
        return ApiError::NotFound.into_response();
    }
    if !matches!(method, Method::GET | Method::HEAD) {
        return ApiError::MethodNotAllowed.into_response();
    }
    let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    let path = if is_file { path } else { INDEX };
    match Files::get(path) {
        Some(file) => answer(path, file, &headers),
        None => ApiError::NotFound.into_response(),
    }
}

fn answer(path: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    let tag = entity_tag(&file);
    let caching =
        if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let same = is_known(headers, &tag);
    let about = [(header::ETAG, tag), (header::CACHE_CONTROL, caching.to_owned())];
    if same {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    let body = match file.data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => Bytes::from(data),
    };
    (about, [(header::CONTENT_TYPE, content_type(path))], Body::from(body)).into_response()
}

/// A strong tag: half of the content's SHA-256.
fn entity_tag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let mut tag = String::from("\"");
    for byte in &hash[..16] {
        write!(tag, "{byte:02x}").expect("memory takes all");
    }
    tag.push('"');
    tag
}

/// Whether the client holds what the tag names. A weak tag of a client matches too: RFC 9110, 13.1.2.
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let held = headers.get_all(header::IF_NONE_MATCH).iter();
    let mut tags = held.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    tags.any(|held| {
        let held = held.trim();
        held == "*" || held.strip_prefix("W/").unwrap_or(held) == tag
    })
}

fn content_type(path: &str) -> HeaderValue {
    let extension = path.rsplit('.').next().unwrap_or_default();
    HeaderValue::from_static(match extension {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &'static str) -> EmbeddedFile {
        let hash: [u8; 32] = std::array::from_fn(|n| u8::try_from(n + text.len()).unwrap());
        let metadata = rust_embed::Metadata::__rust_embed_new(hash, None, None);
        EmbeddedFile { data: text.as_bytes().into(), metadata }
    }

    fn holding(tags: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(tags));
        headers
    }

    /// Scenario: a hashed asset and the index are fetched, then asked for again with several tags.
    /// Guarantees: assets are kept for ever, the index is asked for each time, and an unchanged file is not
    /// sent again.
    #[test]
    fn files_are_sent_once() {
        let asset = answer("assets/index-x1.js", file("js"), &HeaderMap::new());
        let headers = asset.headers();
        assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert_eq!(headers[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
        let index = answer(INDEX, file("html"), &HeaderMap::new());
        assert_eq!(index.headers()[header::CACHE_CONTROL], "no-cache");
        let tag = entity_tag(&file("html"));
        assert_eq!(index.headers()[header::ETAG], tag.as_str());
        assert_eq!(tag, "\"0405060708090a0b0c0d0e0f10111213\"");

        let status = |tags| answer(INDEX, file("html"), &holding(tags)).status();
        for known in [
            "\"0405060708090a0b0c0d0e0f10111213\"",
            "\"other\", W/\"0405060708090a0b0c0d0e0f10111213\"",
            "*",
        ] {
            assert_eq!(status(known), StatusCode::NOT_MODIFIED, "{known}");
        }
        assert_eq!(status("\"other\""), StatusCode::OK);
    }

    /// Scenario: the kinds of files that the page's build writes.
    /// Guarantees: each has its content type; an unknown one is never taken for a script or a page.
    #[test]
    fn files_have_their_content_types() {
        assert_eq!(content_type("index.html"), "text/html; charset=utf-8");
        assert_eq!(content_type("assets/inter.woff2"), "font/woff2");
        assert_eq!(content_type("icon.svg"), "image/svg+xml");
        assert_eq!(content_type("LICENSE.bin"), "application/octet-stream");
    }
}
