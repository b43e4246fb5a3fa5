//! Server-sent events, read as they come.

use std::collections::VecDeque;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::Value;
use tokio::time::timeout;

use crate::http::LoopbackError;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SseEvent {
    /// Its name; `message` where it has none.
    pub event: String,
    /// Its id, where it has one of its own.
    pub id: Option<String>,
    /// Its data.
    pub data: String,
}

impl SseEvent {
    /// The data as JSON.
    ///
    /// # Errors
    /// When it is none.
    pub fn json(&self) -> Result<Value, LoopbackError> {
        serde_json::from_str(&self.data).map_err(LoopbackError::Json)
    }
}

/// Cuts a byte stream into events.
#[derive(Debug, Default)]
pub struct SseParser {
    line: Vec<u8>,
    event: String,
    id: Option<String>,
    data: Option<String>,
}

impl SseParser {
    /// The events that `bytes` complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<SseEvent> {
        let mut complete = Vec::new();
        for &byte in bytes {
            if byte != b'\n' {
                self.line.push(byte);
                continue;
            }
            let line = std::mem::take(&mut self.line);
            let line = String::from_utf8_lossy(&line);
            complete.extend(self.read(line.trim_end_matches('\r')));
        }
        complete
    }

    fn read(&mut self, line: &str) -> Option<SseEvent> {
        if line.is_empty() {
            let (event, id) = (std::mem::take(&mut self.event), self.id.take());
            let event = if event.is_empty() { "message".to_owned() } else { event };
            return self.data.take().map(|data| SseEvent { event, id, data });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event),
            "id" => self.id = Some(value.to_owned()),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            _ => {}
        }
        None
    }
}

/// An open stream of events.
#[derive(Debug)]
pub struct EventStream {
    body: Incoming,
    parser: SseParser,
    ready: VecDeque<SseEvent>,
}

impl EventStream {
    pub(crate) fn new(body: Incoming) -> Self {
        Self { body, parser: SseParser::default(), ready: VecDeque::new() }
    }

    /// The next event; `None` when the stream ended.
    ///
    /// # Errors
    /// When none came in time, or the connection broke.
    pub async fn next(&mut self, within: Duration) -> Result<Option<SseEvent>, LoopbackError> {
        timeout(within, self.read()).await.unwrap_or(Err(LoopbackError::Late(within)))
    }

    /// Passes events over until one fits; `None` when the stream ended before.
    ///
    /// # Errors
    /// When none came in time, or the connection broke.
    pub async fn until(
        &mut self,
        within: Duration,
        mut fits: impl FnMut(&SseEvent) -> bool,
    ) -> Result<Option<SseEvent>, LoopbackError> {
        let search = async {
            loop {
                match self.read().await? {
                    Some(event) if !fits(&event) => {}
                    found => return Ok(found),
                }
            }
        };
        timeout(within, search).await.unwrap_or(Err(LoopbackError::Late(within)))
    }

    async fn read(&mut self) -> Result<Option<SseEvent>, LoopbackError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            let Some(frame) = self.body.frame().await else { return Ok(None) };
            if let Ok(bytes) = frame.map_err(LoopbackError::Broken)?.into_data() {
                self.ready.extend(self.parser.push(&bytes));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a stream with a comment, an id, data of two lines, CRLF and a nameless event, cut at
    /// every byte.
    /// Guarantees: wherever it is cut, the same events come out.
    #[test]
    fn events_survive_every_cut() {
        let stream = "event: snapshot\ndata: {\"a\":\ndata: 1}\n\n: beat\n\n\
                      event: usage.recorded\r\nid: 42\r\ndata: \u{e9}\r\n\r\ndata:x\n\n";
        let mut whole = SseParser::default();
        let expected = whole.push(stream.as_bytes());
        let told: Vec<_> =
            expected.iter().map(|it| (&*it.event, it.id.as_deref(), &*it.data)).collect();
        let events = [
            ("snapshot", None, "{\"a\":\n1}"),
            ("usage.recorded", Some("42"), "\u{e9}"),
            ("message", None, "x"),
        ];
        assert_eq!(told, events);
        for cut in 0..stream.len() {
            let mut parser = SseParser::default();
            let mut found = parser.push(&stream.as_bytes()[..cut]);
            found.extend(parser.push(&stream.as_bytes()[cut..]));
            assert_eq!(found, expected, "cut at {cut}");
        }
    }
}
