//! The command line.

use clap::{Parser, ValueEnum};
use plimsoll_domain::{Point, SessionId, Show};

const EXIT_CODES: &str = "\
Exit codes:
  0   its last window was closed, or another process shows what was asked for
  1   failed
  2   wrong arguments, or a configuration that cannot be used
  69  something needed is not available: no display, or the ledger is in use";

/// Shows the windows of the running Plimsoll: popover and dashboard.
///
/// Without a window's name it shows what Plimsoll is waiting to show, or else the dashboard.
#[derive(Debug, Parser)]
#[command(name = "plimsoll-window", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Arguments {
    /// The window to open
    window: Option<Window>,
    /// Where the tray icon was pressed, in pixels of the screen
    #[arg(long, value_name = "X,Y", value_parser = point, allow_hyphen_values = true)]
    at: Option<Point>,
    /// The session that the dashboard shows
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Be the whole application: engine, tray, notifications and windows in one process
    #[arg(long, conflicts_with_all = ["window", "at", "session"])]
    pub(crate) standalone: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Window {
    /// What is going on, at a glance
    Popover,
    /// All of it
    Dashboard,
}

impl Arguments {
    /// The window that is named.
    pub(crate) fn wish(&self) -> Option<Show> {
        let session = || self.session.as_deref().map(SessionId::new);
        match (self.window, &self.session) {
            (Some(Window::Popover), _) => Some(Show::Popover { at: self.at, toggle: false }),
            (Some(Window::Dashboard), _) | (None, Some(_)) => {
                Some(Show::Dashboard { session: session() })
            }
            (None, None) => None,
        }
    }
}

fn point(text: &str) -> Result<Point, String> {
    let numbers = text.split_once(',').and_then(|(x, y)| Some((x.parse().ok()?, y.parse().ok()?)));
    let (x, y) = numbers.ok_or("not two whole numbers with a comma between them")?;
    Ok(Point { x, y })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn wish(arguments: &[&str]) -> Option<Show> {
        Arguments::parse_from(["plimsoll-window"].iter().chain(arguments)).wish()
    }

    /// Scenario: the definitions of all flags; calls as the resident and as people make them.
    /// Guarantees: they do not contradict each other, and name the window that was meant.
    #[test]
    fn arguments_name_the_window() {
        Arguments::command().debug_assert();
        let popover = |at| Some(Show::Popover { at, toggle: false });
        let dashboard =
            |id: Option<&str>| Some(Show::Dashboard { session: id.map(SessionId::new) });
        for (arguments, wanted) in [
            (&[][..], None),
            (&["popover"], popover(None)),
            (&["popover", "--at", "1264,-16"], popover(Some(Point { x: 1264, y: -16 }))),
            (&["popover", "--at=-3,4"], popover(Some(Point { x: -3, y: 4 }))),
            (&["popover", "--at", "-3,4"], popover(Some(Point { x: -3, y: 4 }))),
            (&["dashboard"], dashboard(None)),
            (&["dashboard", "--session", "s1"], dashboard(Some("s1"))),
            (&["--session", "s1"], dashboard(Some("s1"))),
        ] {
            assert_eq!(wish(arguments), wanted, "{arguments:?}");
        }
        for wrong in [&["--at", "1"][..], &["--at", "1,2,3"], &["--standalone", "popover"]] {
            let arguments = ["plimsoll-window"].iter().chain(wrong);
            assert!(Arguments::try_parse_from(arguments).is_err(), "{wrong:?}");
        }
    }
}
