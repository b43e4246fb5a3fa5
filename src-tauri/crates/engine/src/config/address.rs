//! Addresses to listen on, as people write them.

use std::net::{Ipv4Addr, SocketAddr};

/// Reads `127.0.0.1:4318`, `[::1]:4318`, `localhost:4318` or a port alone. Anything but loopback is refused.
pub(super) fn read(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    let address = parse(text)
        .ok_or_else(|| format!("\"{text}\" is not an address such as \"127.0.0.1:4318\""))?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(format!(
            "{} can be reached from other machines; Plimsoll listens on this one only: \
             use 127.0.0.1, [::1] or localhost",
            address.ip()
        ))
    }
}

fn parse(text: &str) -> Option<SocketAddr> {
    let port = text.strip_prefix("localhost:").unwrap_or(text);
    match port.parse::<u16>() {
        Ok(port) => Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        Err(_) => text.parse().ok(),
    }
}
