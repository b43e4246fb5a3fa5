//! What hooks and the status line hand over becomes facts.

use std::sync::Arc;

use plimsoll_domain::{Envelope, Fact, Handed, SessionId, Statement, Timestamp, Witness};

use crate::claude_code::{Written, hooks, status_line};

/// What was read from one hand-over.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The session that it speaks of.
    pub session: SessionId,
    /// The session's transcript file, by its absolute path. The client writes it a little later than it tells of
    /// it, and a session that made no request has none.
    pub transcript: Option<Arc<str>>,
    /// The facts. None carries a time of its own: what is handed over has none.
    pub facts: Vec<Fact>,
    /// The moment, where the client lets the agent know what it is answered; `None` at any other.
    pub moment: Option<Moment>,
}

/// A moment of a main thread at which the client hands what it is answered on to the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Moment {
    /// The user sent a prompt.
    Prompt,
    /// A tool call ended.
    Tool,
    /// The agent's turn is about to end.
    Stop,
    /// The conversation goes on after a compaction.
    Compacted,
}

/// The client's words for a text that the agent is to know.
#[must_use]
pub fn tell_agent(moment: Moment, text: &str) -> String {
    hooks::answer(moment, text)
}

/// Why nothing was read. Holds nothing of what was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HandedFault {
    /// It is no JSON object.
    #[error("it is no JSON object")]
    NotAnObject,
    /// It names no session.
    #[error("it names no session")]
    NoSession,
    /// It is handed over as a hook's input and names no event.
    #[error("it names no event")]
    NoEvent,
}

/// Reads what a hook or the status line handed over. Text is measured and not copied; names that are not known are
/// passed over, so that a later client's are no fault.
///
/// # Errors
/// When it is of no form that is known.
pub fn read_handed(kind: Handed, body: &[u8], arrived: Timestamp) -> Result<Told, HandedFault> {
    let said = match kind {
        Handed::Hook => hooks::read(body),
        Handed::StatusLine => status_line::read(body),
    }?;
    Ok(said.told(arrived))
}

/// What was said, before it has envelopes.
#[derive(Debug)]
pub(crate) struct Said {
    session: SessionId,
    transcript: Option<Arc<str>>,
    client_version: Option<Arc<str>>,
    statements: Vec<Statement>,
    moment: Option<Moment>,
}

impl Said {
    /// Said of a session, and so far nothing else.
    pub(crate) fn of(
        session: Written<'_>,
        transcript: Written<'_>,
        version: Written<'_>,
    ) -> Result<Self, HandedFault> {
        Ok(Self {
            session: SessionId::new(session.name().ok_or(HandedFault::NoSession)?),
            transcript: transcript.path().filter(|path| path.ends_with(".jsonl")),
            client_version: version.name(),
            statements: Vec::new(),
            moment: None,
        })
    }

    /// With these statements as well.
    pub(crate) fn and(mut self, statements: impl IntoIterator<Item = Statement>) -> Self {
        self.statements.extend(statements);
        self
    }

    /// Said at such a moment.
    pub(crate) fn at(self, moment: Option<Moment>) -> Self {
        Self { moment, ..self }
    }

    fn told(self, arrived: Timestamp) -> Told {
        let envelope = Envelope {
            witness: Witness::Hook,
            at: arrived,
            arrived,
            connection: None,
            client_version: self.client_version,
            sequence: None,
        };
        let fact = |statement| Fact {
            envelope: envelope.clone(),
            session: Some(self.session.clone()),
            statement,
        };
        let facts = self.statements.into_iter().map(fact).collect();
        Told { session: self.session, transcript: self.transcript, facts, moment: self.moment }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: Handed, body: &[u8]) -> Result<Told, HandedFault> {
        read_handed(kind, body, Timestamp::EPOCH)
    }

    /// Scenario: what is no JSON, cut off, no object, without session or event, and objects of unknown content.
    /// Guarantees: each fault has its name; what is merely not known is none.
    #[test]
    fn faults_are_named() {
        let not_an_object: [&[u8]; 8] = [
            b"",
            b"hello",
            b"[]",
            b"\"text\"",
            b"null",
            b"{\"session_id\":\"s\"",
            b"{}x",
            b"\xff\xfe",
        ];
        for kind in [Handed::Hook, Handed::StatusLine] {
            for body in not_an_object {
                assert_eq!(read(kind, body), Err(HandedFault::NotAnObject), "{body:?}");
            }
            for session in ["null", "7", "\"\"", r#""a\nb""#, r#"{"a":1}"#] {
                let body = format!(r#"{{"hook_event_name":"Stop","session_id":{session}}}"#);
                assert_eq!(read(kind, body.as_bytes()), Err(HandedFault::NoSession), "{body}");
            }
        }
        assert_eq!(read(Handed::Hook, br#"{"session_id":"s"}"#), Err(HandedFault::NoEvent));
        let unknown = read(Handed::Hook, br#"{"session_id":"s","hook_event_name":"New","x":[]}"#);
        assert_eq!(unknown.map(|told| told.facts.len()), Ok(0));
    }

    /// Scenario: transcript paths that are none.
    /// Guarantees: only an absolute path of a transcript is handed on.
    #[test]
    fn only_a_transcripts_path_is_handed_on() {
        let of = |path: &str| {
            let body = format!(r#"{{"session_id":"s","transcript_path":"{path}"}}"#);
            read(Handed::StatusLine, body.as_bytes()).expect("a session").transcript
        };
        assert_eq!(of("/p/s.jsonl").as_deref(), Some("/p/s.jsonl"));
        for none in ["", "s.jsonl", "/etc/passwd", "/p/a\\nb.jsonl", "../s.jsonl"] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
