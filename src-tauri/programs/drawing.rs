//! How windows are drawn.

use plimsoll_engine::Environment;

/// Variables by which GTK and WebKit leave the graphics card alone. Looking for a way to draw with it costs GTK 50 MB,
/// and both of them time before the first window (docs/ARCHITECTURE.md).
const PLAIN: [(&str, &str); 2] = [("GDK_GL", "disable"), ("WEBKIT_DISABLE_DMABUF_RENDERER", "1")];

/// The variables that a program with windows should be started with and that the user has not set: whoever sets one
/// decides.
#[must_use]
pub fn plain_drawing(environment: &Environment) -> Vec<(&'static str, &'static str)> {
    PLAIN.into_iter().filter(|(name, _)| environment.get(name).is_none()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a user who set nothing, and one who wants the graphics card for GTK.
    /// Guarantees: all of them; all but the user's own.
    #[test]
    fn the_user_decides() {
        assert_eq!(plain_drawing(&Environment::default()), PLAIN);
        let own: Environment = [("GDK_GL", "always")].into_iter().collect();
        assert_eq!(plain_drawing(&own), PLAIN[1..]);
    }
}
