//! What is looked at: the live sessions, the chosen one, and what was said last.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use plimsoll_client::Frame;
use plimsoll_domain::Timestamp;

use crate::cli::{
    board::Board,
    project::Project,
    snapshot::{Session, Snapshot},
};

/// What is looked at.
#[derive(Debug)]
pub(super) struct Scene {
    /// Only its sessions.
    project: Option<Project>,
    board: Board,
    /// The id of the chosen session; the first one where it is not there.
    chosen: Option<String>,
    said: Option<String>,
    lost: Option<Timestamp>,
}

/// What a key asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing, or what is done already.
    Stay,
    /// To end.
    End,
    /// To show a session in the dashboard.
    Open(String),
    /// To hold a session's notifications back.
    Snooze(String),
}

impl Scene {
    /// Nothing yet; of one project where one is given.
    pub(super) fn of(project: Option<Project>) -> Self {
        Self { project, board: Board::default(), chosen: None, said: None, lost: None }
    }

    /// Begins with a snapshot.
    pub(super) fn begin(&mut self, snapshot: &[u8]) -> Result<(), serde_json::Error> {
        let data = String::from_utf8_lossy(snapshot).into_owned();
        self.take(&Frame { event: "snapshot".to_owned(), data })
    }

    /// Takes in an event of the stream.
    pub(super) fn take(&mut self, event: &Frame) -> Result<(), serde_json::Error> {
        if self.board.take(event)? {
            self.lost = None;
        }
        Ok(())
    }

    /// The engine is lost.
    pub(super) fn lose(&mut self, now: Timestamp) {
        self.lost.get_or_insert(now);
    }

    /// Since when the engine is lost.
    pub(super) fn lost(&self) -> Option<Timestamp> {
        self.lost
    }

    /// Says something until the next key.
    pub(super) fn say(&mut self, said: String) {
        self.said = Some(said).filter(|said| !said.is_empty());
    }

    /// What was said.
    pub(super) fn said(&self) -> Option<&str> {
        self.said.as_deref()
    }

    /// Everything that is live; `None` before anything was told.
    pub(super) fn snapshot(&self) -> Option<&Snapshot> {
        self.board.snapshot()
    }

    /// The sessions that are looked at: those that the client has not left, the nearest to its line first.
    pub(super) fn sessions(&self) -> impl Iterator<Item = &Session> {
        let of_project =
            |one: &&Session| self.project.as_ref().is_none_or(|project| project.holds(one));
        self.board.sessions().iter().filter(|one| !one.is_left()).filter(of_project)
    }

    /// The place of the chosen session among them; `None` where there is none.
    pub(super) fn chosen(&self) -> Option<usize> {
        let chosen = |one: &Session| Some(&one.session_id) == self.chosen.as_ref();
        let first = self.sessions().next().map(|_| 0);
        self.sessions().position(chosen).or(first)
    }

    /// What a session is called.
    pub(super) fn name(&self, id: &str) -> String {
        let found = self.sessions().find(|one| one.session_id == id);
        found.map_or_else(|| "It".to_owned(), Session::name)
    }

    /// What a key asks for.
    pub(super) fn key(&mut self, key: KeyEvent) -> Step {
        if key.kind == KeyEventKind::Release {
            return Step::Stay;
        }
        self.said = None;
        match key.code {
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Step::End,
            KeyCode::Char('q') | KeyCode::Esc => Step::End,
            KeyCode::Down | KeyCode::Char('j') => self.choose(|at, last| last.min(at + 1)),
            KeyCode::Up | KeyCode::Char('k') => self.choose(|at, _| at.saturating_sub(1)),
            KeyCode::Home | KeyCode::Char('g') => self.choose(|_, _| 0),
            KeyCode::End | KeyCode::Char('G') => self.choose(|_, last| last),
            KeyCode::Enter => self.chosen_id().map_or(Step::Stay, Step::Open),
            KeyCode::Char('s') => self.chosen_id().map_or(Step::Stay, Step::Snooze),
            _ => Step::Stay,
        }
    }

    fn choose(&mut self, place: impl Fn(usize, usize) -> usize) -> Step {
        if let Some(at) = self.chosen() {
            let to = place(at, self.sessions().count().saturating_sub(1));
            self.chosen = self.id_at(to);
        }
        Step::Stay
    }

    fn chosen_id(&self) -> Option<String> {
        self.id_at(self.chosen()?)
    }

    fn id_at(&self, place: usize) -> Option<String> {
        self.sessions().nth(place).map(|one| one.session_id.clone())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::cli::fixture::{context, json as session, snapshot};

    fn told(scene: &mut Scene, ids: &[&str]) {
        let sessions: Vec<Value> =
            ids.iter().map(|id| session(id, &context(151_203, "checkpoint"))).collect();
        scene.begin(&serde_json::to_vec(&snapshot(&json!(sessions))).unwrap()).unwrap();
    }

    fn press(scene: &mut Scene, code: KeyCode) -> Step {
        scene.key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    /// Scenario: keys while there is no session, then with three, beyond both ends.
    /// Guarantees: the choice stays within what is there, and what is asked for is about the chosen session.
    #[test]
    fn keys_choose_and_ask() {
        let mut scene = Scene::of(None);
        assert_eq!(press(&mut scene, KeyCode::Enter), Step::Stay);
        assert_eq!(press(&mut scene, KeyCode::Down), Step::Stay);
        told(&mut scene, &["a", "b", "c"]);
        press(&mut scene, KeyCode::Up);
        assert_eq!(press(&mut scene, KeyCode::Enter), Step::Open("a".to_owned()));
        for _ in 0..4 {
            press(&mut scene, KeyCode::Char('j'));
        }
        assert_eq!(press(&mut scene, KeyCode::Char('s')), Step::Snooze("c".to_owned()));
        press(&mut scene, KeyCode::Char('k'));
        assert_eq!(press(&mut scene, KeyCode::Enter), Step::Open("b".to_owned()));
        assert_eq!(press(&mut scene, KeyCode::Char('x')), Step::Stay);
        assert_eq!(press(&mut scene, KeyCode::Char('q')), Step::End);
        let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(scene.key(interrupt), Step::End);
    }

    /// Scenario: the order changes, then the chosen session goes.
    /// Guarantees: the same session stays chosen wherever it stands; the first one when it is gone.
    #[test]
    fn the_choice_follows_its_session() {
        let mut scene = Scene::of(None);
        told(&mut scene, &["a", "b", "c"]);
        press(&mut scene, KeyCode::Down);
        told(&mut scene, &["c", "a", "b"]);
        assert_eq!(scene.chosen(), Some(2));
        told(&mut scene, &["c", "a"]);
        assert_eq!(scene.chosen(), Some(0));
        told(&mut scene, &[]);
        assert_eq!(scene.chosen(), None);
    }

    /// Scenario: something is said, then a key is pressed; the engine is lost for a while.
    /// Guarantees: what was said stands until a key; since when it is lost is known until it is there again.
    #[test]
    fn what_is_said_and_lost_is_over_in_time() {
        let mut scene = Scene::of(None);
        scene.say("Done.".to_owned());
        assert_eq!(scene.said(), Some("Done."));
        press(&mut scene, KeyCode::Char('x'));
        assert_eq!(scene.said(), None);
        let first = Timestamp::from_millis(7);
        scene.lose(first);
        scene.lose(Timestamp::from_millis(9));
        assert_eq!(scene.lost(), Some(first));
        told(&mut scene, &["a"]);
        assert_eq!(scene.lost(), None);
    }
}
