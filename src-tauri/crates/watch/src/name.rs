//! What people call a session, and which one they should look at first.

use std::collections::HashSet;

use plimsoll_domain::{SessionId, Timestamp, text::folder};

use crate::{SessionView, Snapshot};

/// Characters of an id that stand for a session without a project.
const SHORT_ID: usize = 8;

/// Sessions of the same name are told apart by so many characters of their ids, or a multiple.
const SUFFIX: usize = 4;

/// Characters of an id beyond which nobody looks for a difference: all of a UUID.
const WHOLE_ID: usize = 36;

impl Snapshot {
    /// What people call a session: its project's folder, else the first characters of its id; where several
    /// are called so, with as much of its id as tells them apart.
    #[must_use]
    pub fn name(&self, session: &SessionId) -> String {
        let Some(view) = self.sessions.iter().find(|view| view.session == *session) else {
            return head(session, SHORT_ID).to_owned();
        };
        let name = own_name(view);
        let namesakes: Vec<&SessionId> = self
            .sessions
            .iter()
            .filter(|other| own_name(other) == name)
            .map(|other| &other.session)
            .collect();
        if namesakes.len() == 1 {
            return name.to_owned();
        }
        format!("{name} {}", head(session, distinct_length(&namesakes)))
    }

    /// The session nearest to its line, of those that have a gauge and are not of earlier.
    #[must_use]
    pub fn fullest(&self, now: Timestamp) -> Option<&SessionView> {
        let mut nearest_first = self.sessions.iter().map(AsRef::as_ref);
        nearest_first.find(|view: &&SessionView| view.gauge.is_some() && !view.is_earlier(now))
    }
}

/// What a session is called apart from others of the same name.
fn own_name(view: &SessionView) -> &str {
    let project = view.project.as_deref().and_then(folder);
    project.unwrap_or_else(|| head(&view.session, SHORT_ID))
}

/// The least number of characters by which the ids differ.
fn distinct_length(ids: &[&SessionId]) -> usize {
    let differ = |length: &usize| {
        let heads: HashSet<&str> = ids.iter().map(|id| head(id, *length)).collect();
        heads.len() == ids.len()
    };
    (SUFFIX..WHOLE_ID).step_by(SUFFIX).find(differ).unwrap_or(WHOLE_ID)
}

/// The first characters of an id.
fn head(id: &SessionId, length: usize) -> &str {
    let text = id.as_str();
    text.char_indices().nth(length).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        State,
        script::{SONNET, Scripted, at, feed, fleet, main_request, metered, only},
    };

    /// A snapshot of sessions, each of an id and a project.
    fn snapshot(sessions: &[(&str, Option<&str>)]) -> Snapshot {
        let mut fleet = fleet();
        feed(&mut fleet, 0, vec![main_request(0, 1_000)]);
        let view = only(&mut fleet, 0);
        let named = |(id, project): &(&str, Option<&str>)| {
            Arc::new(SessionView {
                session: SessionId::new(*id),
                project: project.map(Into::into),
                ..(*view).clone()
            })
        };
        Snapshot { sessions: sessions.iter().map(named).collect(), ..Snapshot::default() }
    }

    fn names(sessions: &[(&str, Option<&str>)]) -> Vec<String> {
        let snapshot = snapshot(sessions);
        sessions.iter().map(|(id, _)| snapshot.name(&SessionId::new(*id))).collect()
    }

    /// Scenario: sessions with and without a project, also of another system, and one that is not known.
    /// Guarantees: the folder's name, else the first eight characters of the id.
    #[test]
    fn a_session_is_called_by_its_project() {
        assert_eq!(
            names(&[
                ("3f2a1b09-77aa", Some("/home/ada/web")),
                ("81b2c3d4-1111", None),
                ("91b2c3d4-1111", Some("/")),
                ("a1", Some(r"C:\work\api"))
            ]),
            ["web", "81b2c3d4", "91b2c3d4", "api"]
        );
        assert_eq!(snapshot(&[]).name(&SessionId::new("0123456789")), "01234567");
    }

    /// Scenario: several sessions of one project, ids that differ early, late and not at all, and an id that
    /// looks like a project.
    /// Guarantees: namesakes carry the least part of their ids, in steps of four, that tells them apart.
    #[test]
    fn namesakes_are_told_apart() {
        assert_eq!(
            names(&[
                ("3f2a1b09", Some("/a/web")),
                ("81b2c3d4", Some("/b/web")),
                ("81b2ffff", Some("/a/api"))
            ]),
            ["web 3f2a", "web 81b2", "api"]
        );
        assert_eq!(
            names(&[("3f2a1b09", Some("/web")), ("3f2affff", Some("/web"))]),
            ["web 3f2a1b09", "web 3f2affff"]
        );
        assert_eq!(
            names(&[("81b2c3d4-77aa", None), ("90", Some("/81b2c3d4"))]),
            ["81b2c3d4 81b2", "81b2c3d4 90"]
        );
        let long = "x".repeat(40);
        let (one, other) = (format!("{long}1"), format!("{long}2"));
        let name = format!("web {}", "x".repeat(36));
        assert_eq!(names(&[(&one, Some("web")), (&other, Some("web"))]), [name.clone(), name]);
    }

    /// Scenario: the fullest session goes idle, and an hour passes.
    /// Guarantees: it is the fullest until the hour is full, then the next one that has a gauge; a session
    /// that works is never one of earlier.
    #[test]
    fn the_fullest_is_not_of_earlier() {
        let mut fleet = fleet();
        feed(&mut fleet, 0, vec![main_request(0, 150_000)]);
        feed(&mut fleet, 60, vec![main_request(60, 90_000).of("two")]);
        let snapshot = fleet.snapshot(at(3_599), 1);
        let fullest = |seconds| snapshot.fullest(at(seconds)).map(|view| view.session.as_str());
        assert_eq!(fullest(3_599), Some("one"));
        assert_eq!(fullest(3_600), Some("two"));
        assert_eq!(fullest(3_660), None);
        let [one, two] = snapshot.sessions.as_slice() else { panic!("two sessions") };
        assert_eq!(one.earlier_from(), Some(at(3_600)));
        assert!(!two.is_earlier(at(3_659)));
        let working = SessionView { state: State::Working, ..(**one).clone() };
        assert!(!working.is_earlier(at(90_000)));
    }

    /// Scenario: of the only session, metrics alone tell.
    /// Guarantees: what has no gauge is not the fullest of anything.
    #[test]
    fn without_a_gauge_there_is_no_fullest() {
        let mut fleet = fleet();
        feed(&mut fleet, 0, vec![metered(0, SONNET)]);
        let snapshot = fleet.snapshot(at(1), 1);
        assert_eq!(snapshot.sessions.len(), 1);
        assert_eq!(snapshot.fullest(at(1)), None);
    }
}
