//! Asking the engine for what was: the newest first, of one session or of all.

use std::io::{self, Write};

use anyhow::Context as _;
use plimsoll_client::Client;
use plimsoll_domain::{Calendar, Timestamp, calendar::parse_rfc3339, text::plain};
use plimsoll_programs::{Surroundings, now};
use serde::de::DeserializeOwned;

use super::{
    asked, asked_of_ledger, command_runtime,
    session::{in_address, live, whole_id},
    table::Table,
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

#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    /// Only those of a session: its id, or the beginning of a live one's
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Print them as JSON, as the API gives them
    #[arg(long)]
    json: bool,
}

/// A page of what was, as the API gives it.
pub(crate) trait Page: DeserializeOwned {
    /// Where the API gives it.
    const PATH: &str;
    /// What is said where there was nothing.
    const NOTHING: &str;
    /// The heads of the columns.
    const HEAD: &[&str];

    /// A row for each, the newest first.
    fn rows(&self, moment: Moment<'_>) -> Vec<Vec<String>>;

    /// Whether there are older ones.
    fn has_older(&self) -> bool;
}

/// Asks for a page and prints it.
pub(crate) fn run<P: Page>(flags: &Flags, around: &Surroundings) -> anyhow::Result<()> {
    let body = of_session(P::PATH, flags.session.as_deref(), around)?;
    let mut out = io::stdout().lock();
    if flags.json {
        out.write_all(&body)?;
        writeln!(out)?;
    } else {
        let page: P =
            serde_json::from_slice(&body).context("Plimsoll gave an answer of another version")?;
        show(&mut out, &page, Moment { calendar: &Calendar::system(), now: now() })?;
    }
    Ok(out.flush()?)
}

/// Prints a page as a table.
pub(crate) fn show<P: Page>(out: &mut impl Write, page: &P, moment: Moment<'_>) -> io::Result<()> {
    let rows = page.rows(moment);
    if rows.is_empty() {
        return writeln!(out, "{}", P::NOTHING);
    }
    let mut table = Table::default();
    table.push(P::HEAD.iter().map(|head| (*head).to_owned()).collect());
    rows.into_iter().for_each(|row| table.push(row));
    table.write(out, "")?;
    if page.has_older() { writeln!(out, "Older ones are not shown.") } else { Ok(()) }
}

/// What the API answers, of one session where one is named.
fn of_session(path: &str, session: Option<&str>, around: &Surroundings) -> anyhow::Result<Vec<u8>> {
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
