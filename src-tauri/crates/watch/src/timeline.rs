//! The last events of a session in order of event time, whatever the order of their arrival.

use std::collections::VecDeque;

use crate::{
    course::Course,
    event::{Event, Report, What},
    limits::HORIZON,
    rules::Rules,
    thread::ThreadId,
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
    /// Takes an event in; one that is known already changes nothing, and a request that is known is improved.
    /// [`Timeline::settle`] follows.
    pub(crate) fn insert(&mut self, event: Event, rules: Rules<'_>) {
        if let What::Request(request) = &event.what
            && let Some(place) = self.place_of(request.name)
        {
            return self.improve(place, &event);
        }
        if self.floor.as_ref().is_some_and(|floor| event <= *floor) {
            return self.note_evidence(&event);
        }
        self.enter(event, rules);
        if self.recent.len() > HORIZON
            && let Some(oldest) = self.recent.pop_front()
        {
            self.base.apply(&oldest, self.recent.iter(), rules);
            self.floor = self.floor.take().max(Some(oldest));
        }
    }

    fn enter(&mut self, event: Event, rules: Rules<'_>) {
        // What else is told of a compaction may stand before it.
        let alone = !matches!(event.what, What::Compaction(_));
        if alone && self.recent.back().is_none_or(|last| event > *last) {
            self.end.apply(&event, [].iter(), rules);
            let event = self.shared(event);
            self.recent.push_back(event);
        } else if let Err(place) = self.recent.binary_search(&event) {
            self.recent.insert(place, event);
            self.disordered = true;
        }
    }

    fn place_of(&self, name: u64) -> Option<usize> {
        self.recent.iter().rposition(|event| event.is_request(name))
    }

    fn improve(&mut self, place: usize, told: &Event) {
        let Some(improved) = self.recent.get(place).and_then(|known| known.improved(told)) else {
            return;
        };
        self.recent.remove(place);
        if let Err(place) = self.recent.binary_search(&improved) {
            self.recent.insert(place, improved);
        }
        self.disordered = true;
    }

    /// Whether a request is known that left what the client shows.
    pub(crate) fn knows(&self, report: &Report) -> bool {
        self.recent.iter().any(|event| match &event.what {
            What::Request(request) => {
                (request.occupancy(), &request.model) == (report.occupancy, &report.model)
            }
            _ => false,
        })
    }

    /// A request turns out to move no gauge.
    pub(crate) fn retract(&mut self, name: u64) {
        if let Some(place) = self.place_of(name) {
            self.recent.remove(place);
            self.disordered = true;
        }
    }

    fn note_evidence(&mut self, event: &Event) {
        if let What::Request(request) = &event.what
            && !request.stray
        {
            self.base.note_evidence(event.at, request);
            self.end.note_evidence(event.at, request);
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
        for (event, next) in self.recent.iter().zip(1..) {
            self.end.apply(event, self.recent.range(next..), rules);
        }
        self.disordered = false;
    }

    /// Forgets a thread, its late events included.
    pub(crate) fn forget(&mut self, id: &ThreadId) {
        self.base.forget(id);
        self.end.forget(id);
        self.recent.retain(|event| match &event.what {
            What::Request(request) => !request.thread.is_of(id),
            _ => true,
        });
    }

    /// The threads as they now are.
    pub(crate) fn end(&self) -> &Course {
        &self.end
    }
}
