//! Why alerts do not show, in words for people.

use plimsoll_bus::Presence;

/// What went wrong with the last notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// The service is not there, although the bus said that it could be started.
    NotThere,
    /// The service answered with an error, or left before it answered.
    Refused,
    /// The service did not answer in time.
    Silent,
}

/// One sentence where alerts do not show: why, and what to do.
pub(super) const fn describe(service: Presence, failure: Option<Failure>) -> Option<&'static str> {
    Some(match (service, failure) {
        (Presence::NoBus, _) => {
            "Alerts do not pop up: there is no session bus; start Plimsoll from the desktop, or as a service \
             with `plimsoll service install`."
        }
        (Presence::Absent, _) => {
            "Alerts do not pop up: no notification service is running; install and start one, for example \
             dunst."
        }
        (_, None) => return None,
        (_, Some(Failure::NotThere)) => {
            "Alerts do not pop up: the notification service does not start; start it by hand, or log in \
             again."
        }
        (_, Some(Failure::Refused)) => {
            "The last alert did not pop up: the notification service failed; restart that service, or log in \
             again."
        }
        (_, Some(Failure::Silent)) => {
            "The last alert did not pop up: the notification service does not answer; restart that service, \
             or log in again."
        }
    })
}
