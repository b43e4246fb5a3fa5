//! Where exports go.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

use super::resident::Door;

/// An address as it stands in a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// Whether it asks for TLS.
    pub(super) is_tls: bool,
    /// The host, an IPv6 address without brackets.
    pub(super) host: String,
    /// The port, the usual one where none is named.
    pub(super) port: u16,
    /// The path, empty where there is none.
    pub(super) path: String,
}

impl Endpoint {
    /// Reads a URL, or `host:port` as gRPC allows it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let is_tls = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        let rest = rest.split(['?', '#']).next()?;
        let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        let (host, port) = host_and_port(authority.rsplit('@').next()?)?;
        let port = port.unwrap_or(if is_tls { 443 } else { 80 });
        (!host.is_empty()).then(|| Self { is_tls, host, port, path: path.to_owned() })
    }

    /// Whether it is this machine itself, by whatever name.
    pub(super) fn is_loopback(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost")
            || self.ip().is_some_and(|ip| ip.to_canonical().is_loopback())
    }

    /// Whether the door is there; the path is not asked.
    pub(super) fn leads_to(&self, door: &Door) -> bool {
        door.addresses.iter().any(|address| {
            let is_host = if self.is_loopback() {
                address.ip().is_loopback() || address.ip().is_unspecified()
            } else {
                self.ip() == Some(address.ip())
            };
            is_host && address.port() == self.port
        })
    }

    fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

impl fmt::Display for Endpoint {
    /// Host and port only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.parse::<Ipv6Addr>() {
            Ok(ip) => write!(f, "[{ip}]:{}", self.port),
            Err(_) => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

fn host_and_port(authority: &str) -> Option<(String, Option<u16>)> {
    let (host, rest) = match authority.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']')?,
        None => authority.find(':').map_or((authority, ""), |colon| authority.split_at(colon)),
    };
    let port = match rest.strip_prefix(':') {
        Some(port) => Some(port.parse().ok()?),
        None if rest.is_empty() => None,
        None => return None,
    };
    Some((host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::{Door, Endpoint};

    /// Scenario: the names of this machine, other hosts, other ports and what is no address.
    /// Guarantees: all names of this machine lead to the door, nothing else does.
    #[test]
    fn names_of_this_machine_are_one() {
        let door = Door { addresses: vec!["127.0.0.1:4318".parse().unwrap()], is_served: true };
        let leads = |text: &str| Endpoint::parse(text).is_some_and(|to| to.leads_to(&door));
        for ours in [
            "http://127.0.0.1:4318",
            "http://LOCALHOST:4318/",
            "http://[::1]:4318/v1/logs",
            "HTTP://[::ffff:127.0.0.1]:4318",
            "localhost:4318",
        ] {
            assert!(leads(ours), "{ours}");
        }
        for other in ["http://127.0.0.1", "http://10.0.0.1:4318", "http://a:4318", "", "x://a:1"] {
            assert!(!leads(other), "{other}");
        }
        assert_eq!(Endpoint::parse("http://u:p@[::1]:1/x?k").unwrap().to_string(), "[::1]:1");
        assert_eq!(Endpoint::parse("https://a.example").unwrap().to_string(), "a.example:443");
        assert_eq!(Endpoint::parse("http://a:b:c"), None);
    }
}
