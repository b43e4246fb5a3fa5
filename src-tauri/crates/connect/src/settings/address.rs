//! Whether two addresses are one place.

/// Whether two HTTP addresses lead to the same place: same scheme, port and path. All names of the loopback are one.
pub(super) fn same_place(a: &str, b: &str) -> bool {
    parts(a) == parts(b)
}

/// Scheme, host, port and path.
fn parts(address: &str) -> (String, String, String, &str) {
    let address = address.trim();
    let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let scheme = scheme.to_ascii_lowercase();
    // A colon within brackets belongs to an IPv6 address.
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, if scheme == "https" { "443" } else { "80" }),
    };
    let host = match host.to_ascii_lowercase().as_str() {
        "localhost" | "127.0.0.1" | "[::1]" => "localhost".to_owned(),
        other => other.to_owned(),
    };
    (scheme, host, port.to_owned(), path.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: addresses that are written differently, and ones that differ.
    /// Guarantees: names of the loopback, a slash at the end, letter case and a port left out make no difference;
    /// scheme, host, port and path do.
    #[test]
    fn one_place_has_many_names() {
        for same in ["http://localhost:4318", "http://[::1]:4318/", "HTTP://LocalHost:4318"] {
            assert!(same_place(same, "http://127.0.0.1:4318"), "{same}");
        }
        assert!(same_place("https://a", "https://a:443/"));
        assert!(same_place("http://[::1]", "http://localhost:80"));
        for other in ["https://127.0.0.1:4318", "http://127.0.0.1:4317", "http://127.0.0.1:4318/v1"]
        {
            assert!(!same_place(other, "http://127.0.0.1:4318"), "{other}");
        }
    }
}
