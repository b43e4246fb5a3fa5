//! The title and the tooltip.

use plimsoll_domain::{
    Level, SessionId,
    health::{Listener, ListenerState, Problem, Severity},
    text::{cost, grouped, percent, plain, tokens},
};
use plimsoll_watch::{Gauge, State};

use super::scene::Scene;
use crate::Shape;

/// How long a session's name may be.
const NAME: usize = 40;

/// How long a fault's first sentence may be.
const SENTENCE: usize = 80;

/// How long a message may be, and how many are shown.
const MESSAGE: usize = 300;
const MESSAGES: usize = 3;

/// What the icon says: a fault, or the fullest session, or why there is none.
pub(super) fn title(scene: &Scene<'_>) -> String {
    if scene.shape() == Shape::Error
        && let Some(fault) = fault(scene)
    {
        return fault;
    }
    fullest(scene).unwrap_or_else(|| absence(scene).to_owned())
}

/// Problems first, then sessions, today's use and whether signals come in; hints last.
pub(super) fn tooltip(scene: &Scene<'_>) -> String {
    let mut lines: Vec<String> = messages(scene, Severity::Fault).collect();
    if scene.shape() == Shape::Error {
        lines.extend(fullest(scene));
    }
    lines.extend(work(scene));
    lines.extend(today(scene));
    lines.extend(history(scene));
    lines.extend(reception(scene));
    lines.extend(messages(scene, Severity::Hint));
    lines.join("\n")
}

/// What is wrong, in one short sentence; `None` where nothing is.
pub(super) fn fault(scene: &Scene<'_>) -> Option<String> {
    unheard(scene).or_else(|| {
        let message = &scene.problems(Severity::Fault).next()?.message;
        let first = message.split_once(". ").map_or(message.as_str(), |(first, _)| first);
        Some(plain(first.trim_end_matches('.'), SENTENCE))
    })
}

/// `Port 4318 is taken by another program`.
fn unheard(scene: &Scene<'_>) -> Option<String> {
    let ports = ports(scene.deaf())?;
    let taken = scene.deaf().all(|listener| listener.state == ListenerState::PortTaken);
    Some(match (taken, ports.contains(' ')) {
        (true, false) => format!("Port {ports} is taken by another program"),
        (true, true) => format!("Ports {ports} are taken by another program"),
        (false, false) => format!("Plimsoll cannot receive on port {ports}"),
        (false, true) => format!("Plimsoll cannot receive on ports {ports}"),
    })
}

/// `api-server: 151k of 167k, checkpoint`.
fn fullest(scene: &Scene<'_>) -> Option<String> {
    let (view, gauge) = scene.fullest()?;
    Some(format!("{}: {}", name(scene, &view.session), position(gauge)))
}

/// What people call a session.
pub(super) fn name(scene: &Scene<'_>, session: &SessionId) -> String {
    plain(&scene.snapshot.name(session), NAME)
}

/// `151k of 167k, checkpoint`, or `about 30k of 167k, calm` where it is an estimate.
pub(super) fn position(gauge: &Gauge) -> String {
    let about = if gauge.estimated { "about " } else { "" };
    let level = gauge.level.map_or("calm", Level::name);
    format!("{about}{} of {}, {level}", tokens(gauge.occupancy), tokens(gauge.line.tokens))
}

/// Why no session can be named as the fullest.
pub(super) fn absence(scene: &Scene<'_>) -> &'static str {
    let snapshot = scene.snapshot;
    if scene.current().next().is_some() {
        "No session has a gauge yet"
    } else if !snapshot.sessions.is_empty() {
        "No session in the last hour"
    } else if is_unread(scene) {
        "Plimsoll is starting"
    } else if snapshot.last_arrival.is_none() {
        "Nothing has arrived yet"
    } else {
        "No session in the last 24 hours"
    }
}

/// Whether the books were not read yet, so that nothing known means nothing.
fn is_unread(scene: &Scene<'_>) -> bool {
    scene.snapshot.version == 0
}

/// `2 of 3 sessions working`; `None` without any.
fn work(scene: &Scene<'_>) -> Option<String> {
    let states: Vec<State> = scene.current().map(|view| view.state).collect();
    match states.as_slice() {
        [] => None,
        [State::Working] => Some("1 session, working".to_owned()),
        [State::Idle] => Some("1 session, idle".to_owned()),
        [State::JustCompacted] => Some("1 session, just compacted".to_owned()),
        several => {
            let working = several.iter().filter(|state| **state == State::Working).count();
            Some(format!("{working} of {} sessions working", several.len()))
        }
    }
}

/// `Today 4.2M tokens, $18.40`; `None` while the books were not read.
pub(super) fn today(scene: &Scene<'_>) -> Option<String> {
    let usage = &scene.snapshot.today.usage;
    let known = usage.known_cost();
    let unpriced = match known {
        Some(_) if usage.unpriced > 0 => format!(" + {} without price", grouped(usage.unpriced)),
        _ => String::new(),
    };
    let shown =
        || format!("Today {} tokens, {}{unpriced}", tokens(usage.tokens.total()), cost(known));
    (!is_unread(scene)).then(shown)
}

/// `Reading history: 25 %, 34,567 requests`; `None` while it is not being read.
fn history(scene: &Scene<'_>) -> Option<String> {
    let state = scene.status.backfill.filter(|state| state.ended.is_none())?;
    let read = percent(state.bytes_read, state.bytes);
    Some(format!("Reading history: {read}, {} requests", grouped(state.requests)))
}

/// `Receiving on port 4318, not on 4317; last signal 14:02`.
fn reception(scene: &Scene<'_>) -> Option<String> {
    let heard = ports(scene.receivers().filter(|one| one.state == ListenerState::Listening));
    let receiving = match (heard, ports(scene.deaf())) {
        (Some(heard), None) => Some(format!("Receiving on {heard}")),
        (Some(heard), Some(deaf)) => Some(format!("Receiving on {heard}, not on {deaf}")),
        (None, Some(deaf)) => Some(format!("Not receiving on {deaf}")),
        (None, None) => None,
    };
    let clock = |time| format!("last signal {}", scene.calendar.clock(time, scene.now));
    let parts: Vec<_> =
        [receiving, scene.snapshot.last_arrival.map(clock)].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// `4318 and 4317`; `None` of no listener.
fn ports<'a>(listeners: impl Iterator<Item = &'a Listener>) -> Option<String> {
    let mut ports: Vec<&str> = Vec::new();
    for address in listeners.flat_map(|listener| &listener.addresses) {
        let port = address.rsplit(':').next().unwrap_or(address);
        if !ports.contains(&port) {
            ports.push(port);
        }
    }
    (!ports.is_empty()).then(|| ports.join(" and "))
}

fn messages<'a>(scene: &'a Scene<'_>, severity: Severity) -> impl Iterator<Item = String> + 'a {
    let shown = |problem: &Problem| plain(&problem.message, MESSAGE);
    scene.problems(severity).take(MESSAGES).map(shown)
}
