//! When the resident is killed.

use std::time::Duration;

use super::dice::Dice;

/// The latest moment of a kill, counted from when the load begins, the port answers, or the spool is used.
const LATEST: Duration = Duration::from_millis(1500);
/// The latest moment that is likely to lie in a start, or in the emptying of the spool.
pub(super) const SHORT: Duration = Duration::from_millis(60);
/// About as long takes it until the spool is used.
const SPOOLING: Duration = Duration::from_millis(600);
/// How long clients go on after the last start.
const AFTER: Duration = Duration::from_millis(200);

/// What happens in a round.
pub(super) struct Plan {
    /// When the resident is killed.
    pub(super) kill: Duration,
    /// When the next one is killed too, counted from when its port answers.
    pub(super) again: Option<Duration>,
    /// Whether another program has the ledger locked, so that exports are in the spool.
    pub(super) lock: Option<Lock>,
}

/// How long the ledger is locked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lock {
    /// So much shorter than the resident lives.
    Shorter(Duration),
    /// So much longer, into the next start or over it.
    Longer(Duration),
}

impl Plan {
    /// By turns: a kill with exports in the spool; one, and another one in the next start; one, and another one soon
    /// after it; one alone.
    pub(super) fn of(round: usize, dice: &mut Dice) -> Self {
        let kill = dice.within(LATEST);
        let plan = Self { kill, again: None, lock: None };
        match round % 4 {
            0 => Self { kill: kill / 2, lock: Some(Lock::draw(dice)), ..plan },
            1 => Self { again: Some(dice.within(SHORT)), ..plan },
            2 => Self { kill: kill / 2, again: Some(dice.within(LATEST / 2)), ..plan },
            _ => plan,
        }
    }

    /// How long clients send.
    pub(super) fn length(&self) -> Duration {
        let spooling = self.lock.map(|_| SPOOLING);
        self.kill + self.again.or(spooling).unwrap_or_default() + AFTER
    }
}

impl Lock {
    fn draw(dice: &mut Dice) -> Self {
        match dice.count(2) {
            1 => Self::Shorter(dice.within(SHORT)),
            _ => Self::Longer(dice.within(LATEST / 2)),
        }
    }
}
