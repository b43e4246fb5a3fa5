//! When the popover opens and closes: one state machine, pure; the time comes in as an argument.
//!
//! A press on the tray icon takes the focus from an open popover before the press itself is told. So a
//! press that follows a loss of focus closely is the other half of the same click, and opens nothing.

use std::time::{Duration, Instant};

use plimsoll_domain::Point;

/// How long after a loss of focus a press still belongs to it.
pub(crate) const LATCH: Duration = Duration::from_millis(250);
/// How long the page may take to say that it is drawn; then the window is shown as it is.
pub(crate) const PATIENCE: Duration = Duration::from_millis(1500);

/// What happens to the popover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// The tray icon was pressed.
    Press(Option<Point>),
    /// The popover was asked for otherwise, and shall be open.
    Summon(Option<Point>),
    /// The page is drawn.
    Drawn,
    /// The window got the focus.
    Focused,
    /// The window lost the focus.
    Blurred,
    /// The user is done with it: Escape, its close button, the way to the dashboard.
    Dismissed,
    /// The deadline may have passed.
    Elapsed,
    /// The window is gone without having been asked to close.
    Gone,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Make the window, out of sight.
    Open,
    /// Put it near the point and show it, with the focus.
    Reveal(Option<Point>),
    /// Close it at once.
    Close,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    /// The page is loading out of sight.
    Opening {
        at: Option<Point>,
        until: Instant,
    },
    Open {
        at: Option<Point>,
        /// A window that never had the focus cannot lose it: some desktops focus it late or never.
        focused: bool,
    },
    /// Closed by a loss of focus, which a press may have caused.
    Latched {
        until: Instant,
    },
}

/// The popover's state.
#[derive(Debug)]
pub(crate) struct Machine(State);

impl Default for Machine {
    fn default() -> Self {
        Self(State::Closed)
    }
}

impl Machine {
    /// Takes in what happens; says what is to be done about it.
    pub(crate) fn on(&mut self, event: Event, now: Instant) -> Option<Effect> {
        use Event::{Blurred, Dismissed, Drawn, Elapsed, Focused, Gone, Press, Summon};
        use State::{Closed, Latched, Open, Opening};
        let (next, effect) = match (self.0, event) {
            (Closed, Press(at) | Summon(at)) | (Latched { .. }, Summon(at)) => opening(at, now),
            (Latched { until }, Press(at)) if now >= until => opening(at, now),
            (Latched { .. }, Press(_) | Dismissed | Gone) => (Closed, None),
            (Latched { until }, Elapsed) if now >= until => (Closed, None),

            // A second press does not take back what is not in sight yet: it is impatience.
            (Opening { at, until }, Press(newer) | Summon(newer)) => {
                (Opening { at: newer.or(at), until }, None)
            }
            (Opening { at, .. }, Drawn) => (Open { at, focused: false }, Some(Effect::Reveal(at))),
            (Opening { at, until }, Elapsed) if now >= until => {
                (Open { at, focused: false }, Some(Effect::Reveal(at)))
            }

            (Open { at, focused }, Summon(newer)) => {
                let at = newer.or(at);
                (Open { at, focused }, Some(Effect::Reveal(at)))
            }
            (Open { at, .. }, Focused) => (Open { at, focused: true }, None),
            (Open { focused: true, .. }, Blurred) => {
                (Latched { until: now + LATCH }, Some(Effect::Close))
            }
            (Open { .. }, Press(_)) | (Opening { .. } | Open { .. }, Dismissed) => {
                (Closed, Some(Effect::Close))
            }
            (Opening { .. } | Open { .. }, Gone) => (Closed, None),
            (state, _) => (state, None),
        };
        self.0 = next;
        effect
    }

    /// When the machine wants to be told that time has passed.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.0 {
            State::Opening { until, .. } | State::Latched { until } => Some(until),
            State::Closed | State::Open { .. } => None,
        }
    }

    /// Whether nothing is open and no press is waited for.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.0 == State::Closed
    }

    /// Where the popover belongs while it is in sight.
    pub(crate) fn in_sight(&self) -> Option<Option<Point>> {
        match self.0 {
            State::Open { at, .. } => Some(at),
            _ => None,
        }
    }
}

fn opening(at: Option<Point>, now: Instant) -> (State, Option<Effect>) {
    (State::Opening { at, until: now + PATIENCE }, Some(Effect::Open))
}

#[cfg(test)]
mod tests;
