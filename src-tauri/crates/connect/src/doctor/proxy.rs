//! Whether exports are sent to a proxy.

use super::{
    endpoint::Endpoint,
    layers::Layers,
    variables::{NO_PROXY, PROXIES},
};

/// The variable that names a proxy for what goes to this place; `None` where none does, or the place is exempt.
pub(super) fn variable(layers: &Layers<'_>, to: &Endpoint) -> Option<&'static str> {
    let proxy = PROXIES.into_iter().find(|name| layers.find(name).is_some())?;
    let exempt = NO_PROXY.iter().filter_map(|name| layers.find(name));
    let mut entries = exempt.flat_map(|found| found.value.split([',', ' ']));
    (!entries.any(|entry| covers(entry, to))).then_some(proxy)
}

/// Whether an entry of `NO_PROXY` exempts the place. Networks count without arithmetic: who lists one of this
/// machine means all of it.
fn covers(entry: &str, to: &Endpoint) -> bool {
    let entry = entry.trim();
    let network = entry.split_once('/').map(|(address, _)| address);
    let host = entry.strip_suffix(&format!(":{}", to.port)).unwrap_or(entry);
    let host = host.trim_start_matches(['*', '.']).trim_matches(['[', ']']);
    entry == "*"
        || host.eq_ignore_ascii_case(&to.host)
        || network.is_some_and(|address| address.starts_with("127.") && to.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, covers};

    /// Scenario: the usual forms of entries, for two names of this machine.
    /// Guarantees: an entry covers the name that the client uses, not another name of the same machine.
    #[test]
    fn entries_cover_the_name_in_use() {
        let number = Endpoint::parse("http://127.0.0.1:4318").unwrap();
        let name = Endpoint::parse("http://localhost:4318").unwrap();
        for entry in ["127.0.0.1", " 127.0.0.1:4318", "*", "127.0.0.0/8"] {
            assert!(covers(entry, &number), "{entry}");
        }
        for entry in ["localhost", "127.0.0.1:80", "", ".example.com", "10.0.0.0/8"] {
            assert!(!covers(entry, &number), "{entry}");
        }
        assert!(covers("LOCALHOST", &name) && covers(".localhost", &name));
    }
}
