//! Server-sent events, cut out of a stream of bytes.

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frame {
    /// Its name.
    pub event: String,
    /// Its data; lines joined by line feeds.
    pub data: String,
}

/// Collects bytes until events are whole.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    rest: Vec<u8>,
    open: Frame,
}

impl Frames {
    /// Takes in the next bytes; returns the events that they complete. Comments are left out.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<Frame> {
        self.rest.extend(bytes);
        let mut whole = Vec::new();
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            whole.extend(self.line(line.trim_end_matches(['\n', '\r'])));
        }
        whole
    }

    fn line(&mut self, line: &str) -> Option<Frame> {
        if line.is_empty() {
            let frame = std::mem::take(&mut self.open);
            return (frame != Frame::default()).then_some(frame);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.open.event),
            "data" => {
                if !self.open.data.is_empty() {
                    self.open.data.push('\n');
                }
                self.open.data.push_str(value);
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: two events and a heartbeat, arriving byte by byte and at once.
    /// Guarantees: the same events either way; the heartbeat is none.
    #[test]
    fn events_are_whole_however_they_arrive() {
        let stream =
            b": here\n\nevent: signal\ndata: {\"a\":\ndata: 1}\n\nid: 4\ndata:x\r\n\r\nevent: cut";
        let event = |event: &str, data: &str| Frame { event: event.into(), data: data.into() };
        let wanted = [event("signal", "{\"a\":\n1}"), event("", "x")];
        assert_eq!(Frames::default().push(stream), wanted);
        let mut frames = Frames::default();
        let single: Vec<_> = stream.iter().flat_map(|byte| frames.push(&[*byte])).collect();
        assert_eq!(single, wanted);
    }
}
