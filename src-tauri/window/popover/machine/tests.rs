use proptest::prelude::*;

use super::*;

const HERE: Option<Point> = Some(Point { x: 1264, y: 16 });
const THERE: Option<Point> = Some(Point { x: 40, y: 8 });

/// What the machine answers to events at these milliseconds.
fn play(events: &[(u64, Event)]) -> (Machine, Vec<Option<Effect>>) {
    let begun = Instant::now();
    let mut machine = Machine::default();
    let answers = events
        .iter()
        .map(|(at, event)| machine.on(*event, begun + Duration::from_millis(*at)))
        .collect();
    (machine, answers)
}

/// Scenario: the icon is pressed, the page draws itself, gets the focus; the user presses elsewhere.
/// Guarantees: it is made out of sight, shown when drawn, and closed at once when the focus goes.
#[test]
fn it_opens_drawn_and_closes_with_the_focus() {
    let (machine, answers) = play(&[
        (0, Event::Press(HERE)),
        (250, Event::Drawn),
        (260, Event::Focused),
        (9000, Event::Blurred),
        (9250, Event::Elapsed),
    ]);
    let wanted = [Some(Effect::Open), Some(Effect::Reveal(HERE)), None, Some(Effect::Close), None];
    assert_eq!(answers, wanted);
    assert!(machine.is_at_rest());
}

/// Scenario: a press on the icon of an open popover, told after the loss of focus that it causes; then
/// another press.
/// Guarantees: the first only closes, however the desktop orders the two; the second opens.
#[test]
fn a_press_that_took_the_focus_does_not_reopen() {
    let open = [(0, Event::Press(HERE)), (250, Event::Drawn), (260, Event::Focused)];
    for close in [
        &[(5000, Event::Blurred), (5249, Event::Press(HERE))][..],
        &[(5000, Event::Press(HERE)), (5001, Event::Blurred)],
    ] {
        let (machine, answers) = play(&[&open, close].concat());
        let opened = answers.iter().filter(|answer| **answer == Some(Effect::Open)).count();
        let closed = answers.iter().filter(|answer| **answer == Some(Effect::Close)).count();
        assert_eq!((opened, closed, machine.is_at_rest()), (1, 1, true), "{close:?}");

        let (_, answers) = play(&[&open, close, &[(5300, Event::Press(THERE))]].concat());
        assert_eq!(answers.last(), Some(&Some(Effect::Open)));
    }
}

/// Scenario: every event in every state, before and after the deadline of that state.
/// Guarantees: the table below, whole.
#[test]
fn the_table_is_whole() {
    use Event::{Blurred, Dismissed, Drawn, Elapsed, Focused, Gone, Press, Summon};
    let begun = Instant::now();
    let opening = State::Opening { at: HERE, until: begun + PATIENCE };
    let moved = State::Opening { at: THERE, until: begun + PATIENCE };
    let unfocused = State::Open { at: HERE, focused: false };
    let focused = State::Open { at: HERE, focused: true };
    let latched = State::Latched { until: begun + LATCH };
    let (made, shown) = (Some(Effect::Open), Some(Effect::Reveal(HERE)));
    let (moved_there, closed) = (Some(Effect::Reveal(THERE)), Some(Effect::Close));
    let there = |focused| State::Open { at: THERE, focused };
    let made_later = |late: Duration| State::Opening { at: THERE, until: begun + late + PATIENCE };

    let check = |state: State, late: Duration, event: Event, wanted: (State, Option<Effect>)| {
        let mut machine = Machine(state);
        let effect = machine.on(event, begun + late);
        assert_eq!((machine.0, effect), wanted, "{state:?} {event:?} after {late:?}");
    };
    for late in [Duration::ZERO, LATCH, PATIENCE] {
        for event in [Press(THERE), Summon(THERE)] {
            check(State::Closed, late, event, (made_later(late), made));
            check(opening, late, event, (moved, None));
        }
        for event in [Drawn, Focused, Blurred, Dismissed, Elapsed, Gone] {
            check(State::Closed, late, event, (State::Closed, None));
        }
        check(opening, late, Drawn, (unfocused, shown));
        let waited = if late >= PATIENCE { (unfocused, shown) } else { (opening, None) };
        check(opening, late, Elapsed, waited);
        for event in [Focused, Blurred] {
            check(opening, late, event, (opening, None));
        }
        for (state, was) in [(unfocused, false), (focused, true)] {
            check(state, late, Summon(THERE), (there(was), moved_there));
            check(state, late, Focused, (focused, None));
            check(state, late, Press(THERE), (State::Closed, closed));
            for event in [Drawn, Elapsed] {
                check(state, late, event, (state, None));
            }
        }
        check(unfocused, late, Blurred, (unfocused, None));
        let latch = State::Latched { until: begun + late + LATCH };
        check(focused, late, Blurred, (latch, closed));
        for state in [opening, unfocused, focused] {
            check(state, late, Dismissed, (State::Closed, closed));
            check(state, late, Gone, (State::Closed, None));
        }
        check(latched, late, Summon(THERE), (made_later(late), made));
        let pressed = if late >= LATCH { (made_later(late), made) } else { (State::Closed, None) };
        check(latched, late, Press(THERE), pressed);
        let waited = if late >= LATCH { State::Closed } else { latched };
        check(latched, late, Elapsed, (waited, None));
        for event in [Dismissed, Gone] {
            check(latched, late, event, (State::Closed, None));
        }
        for event in [Drawn, Focused, Blurred] {
            check(latched, late, event, (latched, None));
        }
    }
}

/// Scenario: the icon was pressed where nobody could tell, and the popover is asked for with a place.
/// Guarantees: the place that is known counts.
#[test]
fn a_known_place_is_not_forgotten() {
    let (machine, answers) = play(&[
        (0, Event::Summon(None)),
        (10, Event::Press(HERE)),
        (20, Event::Summon(None)),
        (30, Event::Drawn),
    ]);
    assert_eq!(answers.last(), Some(&Some(Effect::Reveal(HERE))));
    assert_eq!(machine.in_sight(), Some(HERE));
}

fn event() -> impl Strategy<Value = Event> {
    let at = prop_oneof![Just(None), Just(HERE), Just(THERE)];
    prop_oneof![
        at.clone().prop_map(Event::Press),
        at.prop_map(Event::Summon),
        Just(Event::Drawn),
        Just(Event::Focused),
        Just(Event::Blurred),
        Just(Event::Dismissed),
        Just(Event::Elapsed),
        Just(Event::Gone),
    ]
}

proptest! {
    /// Scenario: any events with any pauses between them.
    /// Guarantees: a window is made only when there is none, shown and closed only when there is one; a press
    /// within the latch makes none; with the deadline kept it is in sight or closed; Escape always ends closed.
    #[test]
    fn windows_are_made_and_closed_in_turn(
        events in prop::collection::vec((0_u64..2000, event()), 1..60)
    ) {
        let mut now = Instant::now();
        let mut machine = Machine::default();
        let mut exists = false;
        for (pause, event) in events {
            now += Duration::from_millis(pause);
            let latched = matches!(machine.0, State::Latched { until } if now < until);
            let effect = machine.on(event, now);
            match effect {
                Some(Effect::Open) => {
                    prop_assert!(!exists);
                    prop_assert!(!(latched && matches!(event, Event::Press(_))));
                    exists = true;
                }
                Some(Effect::Reveal(_)) => prop_assert!(exists),
                Some(Effect::Close) => {
                    prop_assert!(exists);
                    exists = false;
                }
                None => {}
            }
            exists &= event != Event::Gone;
            let shown = matches!(machine.0, State::Opening { .. } | State::Open { .. });
            prop_assert_eq!(shown, exists);
        }
        if let Some(deadline) = machine.deadline() {
            machine.on(Event::Elapsed, deadline);
        }
        prop_assert!(machine.deadline().is_none());
        machine.on(Event::Dismissed, now);
        prop_assert!(machine.is_at_rest());
    }
}
