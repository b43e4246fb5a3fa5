//! The signature by which a server knows that a message is ours.

use hmac::{Hmac, KeyInit as _, Mac as _};
use plimsoll_domain::Key;
use sha2::Sha256;

/// `sha256=` and the HMAC-SHA256 of a body in hexadecimal digits; `None` where the secret cannot be one.
pub(super) fn signature(secret: &Key, body: &[u8]) -> Option<String> {
    // A key of any length will do.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_str().as_bytes()).ok()?;
    mac.update(body);
    let digest = mac.finalize().into_bytes();
    Some(digest.iter().fold("sha256=".to_owned(), |text, byte| format!("{text}{byte:02x}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: test case 2 of RFC 4231, and a secret that is longer than a block.
    /// Guarantees: the signature of the standard, as other programs compute it.
    #[test]
    fn signatures_are_those_of_the_standard() {
        let signed = |secret: &str, body: &[u8]| signature(&Key::new(secret), body).unwrap();
        assert_eq!(
            signed("Jefe", b"what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        let long = "\u{7f}".repeat(131);
        assert_ne!(signed(&long, b""), signed("", b""));
    }
}
