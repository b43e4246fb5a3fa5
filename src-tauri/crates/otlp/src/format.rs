//! The two formats that a body can have.

use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Protobuf,
    Json,
}

impl Format {
    /// As the request's content type says, in any case and whatever its parameters; `None` where it
    /// names none of the two, or is missing.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let (essence, _parameters) = value.split_once(';').unwrap_or((value, ""));
        let is = |name| essence.trim().eq_ignore_ascii_case(name);
        if is("application/x-protobuf") {
            Some(Self::Protobuf)
        } else if is("application/json") {
            Some(Self::Json)
        } else {
            None
        }
    }

    pub(crate) const fn content_type(self) -> HeaderValue {
        match self {
            Self::Protobuf => HeaderValue::from_static("application/x-protobuf"),
            Self::Json => HeaderValue::from_static("application/json"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(content_type: &[u8]) -> Option<Format> {
        let value = HeaderValue::from_bytes(content_type).unwrap();
        Format::of(&HeaderMap::from_iter([(CONTENT_TYPE, value)]))
    }

    /// Scenario: content types as clients write them, and others.
    /// Guarantees: case and parameters do not matter; everything else is not recognised.
    #[test]
    fn content_types_are_recognised() {
        assert_eq!(of(b"application/x-protobuf"), Some(Format::Protobuf));
        assert_eq!(of(b"Application/X-Protobuf; v=1"), Some(Format::Protobuf));
        assert_eq!(of(b"application/json"), Some(Format::Json));
        assert_eq!(of(b"APPLICATION/JSON ; charset=utf-8"), Some(Format::Json));
        for other in ["", "text/plain", "application/jsonp", "json", ";application/json"] {
            assert_eq!(of(other.as_bytes()), None, "{other}");
        }
        assert_eq!(of(b"application/json\xff"), None);
        assert_eq!(Format::of(&HeaderMap::new()), None);
    }
}
