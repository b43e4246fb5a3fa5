//! What happened to one session of the day, and what its books must hold.

use std::collections::BTreeSet;

use plimsoll_domain::Tokens;
use plimsoll_replay::Signal;

use super::{files, plan::Role, traffic::Export};
use crate::validation::{
    answered::{Answered, Due, Sessions, UNTOLD},
    audited::{Audited, Verdict},
    comparison::{Comparison, fault},
};

/// One session of the day.
pub(in crate::validation) struct Story {
    pub(in crate::validation) capture: String,
    pub(in crate::validation) session: String,
    pub(in crate::validation) role: Role,
    /// Exports that tell of it, and how many of them did not arrive.
    pub(in crate::validation) exports: usize,
    pub(in crate::validation) lost: usize,
    /// All that was answered, and what witnesses can know of it.
    pub(in crate::validation) all: Due,
    knowable: Due,
    /// What those requests used that an event or a transcript told of.
    told: Due,
    /// Whether events and transcripts told of every request.
    whole: bool,
    /// Whether one witness, or events and transcripts together, told everything.
    pub(in crate::validation) survived: bool,
    /// Whether nothing would show that requests are missing of which no metric told: there is no transcript, and of no
    /// process an event arrived after one that was lost.
    is_silent: bool,
}

impl Story {
    /// The sessions of a capture.
    pub(super) fn of(answered: &Answered, role: Role, exports: &[Export]) -> Vec<Self> {
        let exports: Vec<_> =
            exports.iter().filter(|export| export.capture == answered.capture).collect();
        let told = told(answered, role, &exports);
        let told = answered.of(&told);
        let story = |(session, all): (&String, &Due)| {
            let due = |of: &Sessions| of.get(session).cloned().unwrap_or_default();
            let (told, knowable) = (due(&told), due(&answered.knowable));
            let naming = exports.iter().filter(|export| export.names(session));
            let gone = |signal: Option<Signal>| {
                let gone = naming.clone().filter(|export| !export.arrived());
                gone.filter(|export| signal.is_none_or(|it| export.entry.signal == it)).count()
            };
            let whole = told.requests.least == knowable.requests.least;
            // A client that is killed does not live to tell its last metrics.
            let metered = answered.capture != UNTOLD.0
                && gone(Some(Signal::Metrics)) == 0
                && naming.clone().any(|export| export.entry.signal == Signal::Metrics);
            Self {
                capture: answered.capture.clone(),
                session: session.clone(),
                role,
                exports: naming.clone().count(),
                lost: gone(None),
                all: all.clone(),
                survived: metered || (whole && knowable.tokens.exact),
                knowable,
                told,
                whole,
                is_silent: role == Role::NoTranscripts && ends_with_losses(naming),
            }
        };
        answered.all.iter().map(story).collect()
    }

    pub(super) fn used_anything(&self) -> bool {
        self.all.tokens.output_max > 0
    }

    /// The books less all that was answered.
    pub(in crate::validation) fn missing(&self, audited: Option<&Audited>) -> Comparison {
        Comparison::of(&self.session, &self.all, audited.unwrap_or(&Audited::default()), true)
    }

    /// Whether something is missing that nothing shows.
    pub(in crate::validation) fn is_unseen(&self, audited: Option<&Audited>) -> bool {
        let nothing = Audited::default();
        let audited = audited.unwrap_or(&nothing);
        let found = Comparison::of(&self.session, &self.knowable, audited, self.whole);
        self.is_silent && !found.is_exact() && audited.verdict == Verdict::Exact
    }

    /// What is wrong: a difference although a witness survived, one that the audit does not explain where anything shows
    /// it, or less than what was told or more than what was answered.
    pub(in crate::validation) fn faults(&self, audited: Option<&Audited>) -> Vec<String> {
        let id = &self.session;
        let unseen = self.is_unseen(audited);
        let nothing = Audited::default();
        let audited = audited.unwrap_or(&nothing);
        let found = Comparison::of(id, &self.knowable, audited, self.whole);
        let least = Comparison::of(id, &self.told, audited, false);
        let wrong = [
            (self.survived && !found.is_exact()).then(|| format!("not exact: {id}: {found:?}")),
            (least.tokens.less() != Tokens::ZERO).then(|| format!("lost: {id}: {least:?}")),
            (found.tokens.more() != Tokens::ZERO).then(|| format!("too much: {id}: {found:?}")),
            fault(id, &found, audited).filter(|_| !unseen),
        ];
        wrong.into_iter().flatten().map(|fault| format!("{}: {fault}", self.capture)).collect()
    }
}

/// Whether of every process the events that were lost are the last ones, so that no number shows it.
fn ends_with_losses<'a>(exports: impl Iterator<Item = &'a &'a Export>) -> bool {
    let mut ended = BTreeSet::new();
    let mut events = exports.filter(|export| export.entry.signal == Signal::Logs);
    events.all(|export| match export.arrived() {
        true => !ended.contains(&export.entry.connection),
        false => {
            ended.insert(export.entry.connection);
            true
        }
    })
}

/// The requests of which an event arrived, or which stand in a transcript that was read.
fn told(answered: &Answered, role: Role, exports: &[&Export]) -> BTreeSet<String> {
    let text = transcripts(&answered.capture, role);
    let events: Vec<_> = exports
        .iter()
        .filter(|export| export.arrived() && export.entry.signal == Signal::Logs)
        .collect();
    let told = |id: &String| text.contains(&**id) || events.iter().any(|it| it.tells_of(id));
    answered.completed().into_iter().filter(told).collect()
}

/// What the transcripts of a capture say that are read on the day.
pub(super) fn transcripts(capture: &str, role: Role) -> String {
    match role {
        Role::NoTranscripts => String::new(),
        Role::TelemetryOff | Role::TranscriptsFirst | Role::TranscriptsLate => files::text(capture),
    }
}
