//! Asking the engine for what was: the newest first, of one session or of all.

use plimsoll_client::Client;
use plimsoll_domain::{Calendar, Timestamp, calendar::parse_rfc3339, text::plain};
use plimsoll_programs::Surroundings;

use super::{
    asked, asked_of_ledger, command_runtime,
    session::{in_address, live, whole_id},
};

/// What is not known.
pub(crate) const UNKNOWN: &str = "-";

/// How wide a time may be that cannot be read.
const TIME: usize = 24;

/// The moment of which is told, by whose clock.
#[derive(Clone, Copy)]
pub(crate) struct Moment<'a> {
    pub(crate) now: Timestamp,
    pub(crate) calendar: &'a Calendar,
}

impl Moment<'_> {
    /// A time for people; `time` is RFC 3339.
    pub(crate) fn clock(self, time: &str) -> String {
        let read = parse_rfc3339(time);
        read.map_or_else(|| plain(time, TIME), |time| self.calendar.clock(time, self.now))
    }
}

/// What the API answers, of one session where one is named.
pub(crate) fn of_session(
    path: &str,
    session: Option<&str>,
    around: &Surroundings,
) -> anyhow::Result<Vec<u8>> {
    let client = asked(Client::find(&around.places.runtime))?;
    let body = command_runtime()?.block_on(async {
        let query = match session {
            None => String::new(),
            Some(given) => {
                let id = whole_id(given, &live(&client).await?);
                format!("?session={}", in_address(&id))
            }
        };
        asked_of_ledger(&client, client.get(&format!("{path}{query}")).await).await
    })?;
    Ok(body.to_vec())
}
