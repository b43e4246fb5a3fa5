//! `docs/validation.md`, from what was measured.

mod captures;
mod day;
mod text;

use std::{collections::BTreeSet, path::PathBuf};

use plimsoll_domain::Calendar;
use plimsoll_ledger::Reason;

use super::{answered::Answered, comparison::Judged, day::Day, way::Way};
use crate::desk::now;
pub(super) use captures::truth;

/// What the captures gave: of each way, the judgement of each of them.
pub(super) type Told<'a> = Vec<(Way, Vec<(&'a str, Judged)>)>;

/// Where the page lies.
pub(super) fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/validation.md")
}

/// The whole page.
pub(super) fn write(answered: &[Answered], told: &Told<'_>, days: &[Day]) -> String {
    let sections = [
        introduction(),
        truth(answered),
        captures::ways(answered, told),
        day::section(days),
        inexact(answered),
        reasons(told, days),
    ];
    sections.join("\n")
}

fn introduction() -> String {
    let (version, date) = (env!("CARGO_PKG_VERSION"), Calendar::utc().date(now()));
    format!(
        "# Validation

How exact the books are, measured. Recorded sessions of Claude Code, whose every answer is known because the API behind
them was scripted, are told to the real program through its sockets and files; then `plimsoll audit --json` is held
against what was really answered. `make validation` writes this page, or nothing when a difference is left that neither
the audit nor a correction stated below explains.

Plimsoll {version}, {date}.
"
    )
}

fn inexact(answered: &[Answered]) -> String {
    let (capture, request) = super::answered::UNTOLD;
    let killed = answered.iter().find(|answered| answered.capture == capture).unwrap();
    let untold = text::totals(&killed.all).less(&text::totals(&killed.knowable));
    format!(
        "## What is not exact, and why

- **`{capture}`: one request that nobody can know.** The client received the answer of `{request}`
  and was killed before it wrote a line, an event or a metric of it: {untold}.
  That is the first correction stated here; what is asked of the books is everything else.
- **`interactive`: the side question.** The script that answered took it for a request of the main conversation. The
  client's event and its metric call it auxiliary, and so do the books. Only the part is corrected, no sum.
- **Aborted answers.** No event and no transcript tells of them in full, and the client itself estimates what was
  written of them. So their output, their cost and whether they count as requests lie between two bounds: *within*.
- **Transcripts alone** hold no compactions, titles and side questions. The client's own sums tell that they are
  missing, not which they were.
- **Metrics alone** know sums, and no requests.
- **Metrics that lost a part and alone know another.** Of a sum from which one request is missing and which holds an
  aborted answer that no one else tells of, the books hold what the sum has more. The audit tells the two apart by the
  spans of the readings and names both.
- **Prompts without an answer.** Where Esc aborted an answer and its metric was lost, only the prompt tells of it. The
  audit says *unanswered*, also where nothing was used.
- **What nothing shows.** Without a transcript and with delta metrics, a loss of events and metrics of the same requests
  shows by the running numbers of later events of the process, and by prompts. Where all that a process sent was lost,
  or all from some request to its end, what is left agrees with itself. That is the second correction stated here, and
  made for nothing else: the tables say *nothing shows it*, or *not known* where nobody told of the session at all.
- **Cost** is what the client says where events or metrics tell it, else that of the price table. What was answered has
  no price of its own: here it has that of the same table, which a test compares with what the client bills. Costs
  of a session that are no more than $0.000001 apart count as equal.
"
    )
}

/// What the codes mean that stand on the page.
fn reasons(told: &Told<'_>, days: &[Day]) -> String {
    let judged = told.iter().flat_map(|(_, captures)| captures.iter().map(|(_, judged)| judged));
    let mut given: BTreeSet<&str> =
        judged.flat_map(|judged| &judged.reasons).map(String::as_str).collect();
    let audits = days.iter().flat_map(Day::audits);
    given.extend(audits.flat_map(|audited| &audited.reasons).map(String::as_str));
    let lines = Reason::ALL.into_iter().filter(|reason| given.contains(reason.code()));
    let lines = lines.map(|reason| format!("- *{}*: {}\n", reason.code(), reason.sentence()));
    format!("## Reasons\n\n{}", lines.collect::<String>())
}
