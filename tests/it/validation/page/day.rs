//! The mixed days.

use plimsoll_domain::{Tokens, text::grouped};

use super::{
    captures::{codes, differences},
    text::{AMOUNTS, Table, Totals, usd},
};
use crate::validation::{
    audited::{Audited, Verdict},
    comparison::Comparison,
    day::{Day, Story},
};

const NOTHING_SHOWS: &str = "[nothing shows](#what-is-not-exact-and-why)";

pub(super) fn section(days: &[Day]) -> String {
    let each = days.iter().map(|day| {
        let head = format!("### The day of seed {}", day.seed);
        [head, done(day), sums(day), witnesses(day), sessions(day)].join("\n\n")
    });
    format!(
        "## Mixed days

All captures at once, as sessions of one resident: moved in time so that they overlap and end now, each over connections
of its own, eight times faster than recorded. What goes wrong, and to whom, is drawn from a seed. A row of the tables of
sessions is a session that lost something, or whose books or audit are not exact; where nobody told of a session at all
the audit does not know it.

{}",
        each.collect::<Vec<_>>().join("\n")
    )
}

fn done(day: &Day) -> String {
    let done = &day.done;
    let off = done.off.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    format!(
        "- {} exports arrived once and {} twice.
- {} exports of events were lost in one stretch of the day, {} of metrics in another.
- In the middle the resident was killed (SIGKILL) right after it had answered; {} exports met nobody before it was back
  on the same ledger.
- The transcripts of {} captures lay there first, those of {} came after all telemetry, those of {} never.
- Telemetry was off in {off}.",
        done.sent,
        done.twice,
        done.events_lost,
        done.metrics_lost,
        done.refused,
        done.first + done.off.len(),
        done.late,
        done.none,
    )
}

fn sums(day: &Day) -> String {
    let mut table = Table::new(&[&[""], &AMOUNTS[..]].concat());
    let due = day.stories.iter().fold(Totals::default(), |sum, story| sum.plus(&story.all));
    table.row(["answered".to_owned()].into_iter().chain(due.cells()));
    table.row(["books".to_owned()].into_iter().chain(booked(day)));
    let all = day.pairs().map(|(story, audited)| story.missing(audited));
    let all = all.fold(Comparison::none(), Comparison::plus);
    let less = differences(&all, &due, true);
    table.row(["difference".to_owned()].into_iter().chain(less));
    let survived = day.stories.iter().filter(|story| story.survived).count();
    let unseen = day.pairs().filter(|(story, audited)| story.is_unseen(*audited)).count();
    let unseen = match unseen {
        0 => String::new(),
        1 => format!("\nOf one session something is missing that {NOTHING_SHOWS}."),
        _ => format!("\nOf {unseen} sessions something is missing that {NOTHING_SHOWS}."),
    };
    let table = table.to_string();
    format!(
        "A witness survived whole in {survived} of {} sessions: their sums are those of the answers. In the
others more may be missing than any witness told, and the audit has to say so. The difference is added up
session by session, outside of the spans.{unseen}

{}",
        day.stories.len(),
        table.trim_end()
    )
}

fn booked(day: &Day) -> Vec<String> {
    let audits: Vec<_> = day.audits().collect();
    let tokens = audits.iter().fold(Tokens::ZERO, |sum, audited| sum.plus(audited.tokens));
    let requests = audits.iter().map(|audited| audited.requests).sum::<i64>();
    let cost = audits.iter().filter_map(|audited| audited.cost).sum();
    let Tokens { input, output, cache_read, cache_creation } = tokens;
    let mut cells = vec![requests.to_string()];
    cells.extend([input, cache_read, cache_creation, output].map(grouped));
    cells.push(usd(cost));
    cells
}

fn witnesses(day: &Day) -> String {
    let metered = day.audits().map(|audited| audited.metered_only.total()).sum();
    let known = &day.known;
    format!(
        "Events and transcripts both knew {} requests; events alone {}, transcripts alone {}. Metrics alone knew {}
tokens, of requests that they do not tell one by one.",
        known.both,
        known.events,
        known.transcripts,
        grouped(metered)
    )
}

fn sessions(day: &Day) -> String {
    let head = ["capture", "session", "exports lost", "transcript", "books", "audit", "why"];
    let mut table = Table::new(&head);
    let mut uneventful = 0;
    for (story, audited) in day.pairs() {
        match is_uneventful(story, audited) {
            true => uneventful += 1,
            false => table.row(row(story, audited)),
        }
    }
    format!(
        "{uneventful} sessions lost nothing, and their books and audits are exact. The others:\n\n{table}"
    )
}

fn is_uneventful(story: &Story, audited: Option<&Audited>) -> bool {
    let exact = audited.is_some_and(|audited| audited.verdict == Verdict::Exact);
    exact && story.lost == 0 && books(story, audited) == "exact"
}

fn row(story: &Story, audited: Option<&Audited>) -> Vec<String> {
    let gone = match audited.map_or(0, |audited| audited.missed) {
        0 => String::new(),
        missed => format!(" ({missed} events missed)"),
    };
    let verdict = match (audited, story.is_unseen(audited)) {
        (None, _) => "not known",
        (Some(audited), true) => &format!("{}: nothing shows it", audited.verdict.name()),
        (Some(audited), false) => audited.verdict.name(),
    };
    vec![
        format!("`{}`", story.capture),
        story.session[..8].to_owned(),
        format!("{} of {}{gone}", story.lost, story.exports),
        story.role.transcripts().to_owned(),
        books(story, audited),
        verdict.to_owned(),
        audited.map(|audited| codes(&audited.reasons)).unwrap_or_default(),
    ]
}

/// Where the books of a session are not exact, by how much.
fn books(story: &Story, audited: Option<&Audited>) -> String {
    let due = Totals::default().plus(&story.all);
    let cells = differences(&story.missing(audited), &due, true);
    let named = AMOUNTS.into_iter().zip(&cells);
    let named = named.filter(|(_, cell)| !["exact", "within"].contains(&&***cell));
    let named: Vec<_> = named.map(|(name, cell)| format!("{name} {cell}")).collect();
    match named.is_empty() {
        true if due.has_room() => "within".to_owned(),
        true => "exact".to_owned(),
        false => named.join(", "),
    }
}
