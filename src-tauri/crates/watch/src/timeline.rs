//! The last events of a session in order of event time, whatever the order of their arrival.

use std::collections::VecDeque;

use crate::{
    course::{Course, Event, What},
    limits::HORIZON,
    thread::{Rules, ThreadId},
};

/// A session's threads, kept twice: where the last [`HORIZON`] events begin and where they end. What
/// arrives late within them is put in its place and the events after it are taken in anew, so that the end
/// depends on event times only. What is older still tells of the window and changes nothing else.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    base: Course,
    /// The last event that is part of `base`.
    floor: Option<Event>,
    recent: VecDeque<Event>,
    end: Course,
    /// Whether `end` has to be made anew from `base` and `recent`.
    disordered: bool,
}

impl Timeline {
    /// Takes an event in; one that is known already changes nothing. [`Timeline::settle`] follows.
    pub(crate) fn insert(&mut self, event: Event, rules: Rules<'_>) {
        if self.floor.as_ref().is_some_and(|floor| event <= *floor) {
            return self.note_evidence(&event);
        }
        if self.recent.back().is_none_or(|last| event > *last) {
            self.end.apply(&event, rules);
            let event = self.shared(event);
            self.recent.push_back(event);
        } else if let Err(place) = self.recent.binary_search(&event) {
            self.recent.insert(place, event);
            self.disordered = true;
        }
        if self.recent.len() > HORIZON
            && let Some(oldest) = self.recent.pop_front()
        {
            self.base.apply(&oldest, rules);
            self.floor = Some(oldest);
        }
    }

    fn note_evidence(&mut self, event: &Event) {
        if let What::Request(request) = &event.what
            && !request.stray
        {
            self.base.note_evidence(request);
            self.end.note_evidence(request);
        }
    }

    fn shared(&self, event: Event) -> Event {
        match event.what {
            What::Request(request) => {
                Event { what: What::Request(self.end.shared(request)), ..event }
            }
            _ => event,
        }
    }

    /// What the events are judged by has changed.
    pub(crate) fn judge_anew(&mut self) {
        self.disordered = true;
    }

    /// Brings the end up to date after all events of a batch.
    pub(crate) fn settle(&mut self, rules: Rules<'_>) {
        if !self.disordered {
            return;
        }
        self.end = self.base.clone();
        for event in &self.recent {
            self.end.apply(event, rules);
        }
        self.disordered = false;
    }

    /// Forgets a thread, its late events included.
    pub(crate) fn forget(&mut self, id: &ThreadId) {
        self.base.forget(id);
        self.end.forget(id);
        self.recent.retain(
            |event| !matches!(&event.what, What::Request(request) if request.thread == *id),
        );
    }

    /// The threads as they now are.
    pub(crate) fn end(&self) -> &Course {
        &self.end
    }
}
