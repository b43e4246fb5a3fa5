//! The scene in characters: what needs the user, a gauge for every thread, the keys.

use plimsoll_domain::{
    Timestamp,
    calendar::rfc3339,
    text::{plain, tokens},
};
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
    text::{Line, Span},
    widgets::{List, ListItem, ListState, Paragraph, Wrap},
};

use super::scene::Scene;
use crate::cli::{
    snapshot::{Context, Forecast, NAME, Session, Subagent, short},
    text::{age, gauge_of},
};

/// From so many columns on, a thread fits into one line.
const WIDE: u16 = 150;
/// What stands before the chosen session.
const MARK: &str = "> ";
/// The widest and narrowest gauge, in cells.
const CELLS: (u16, u16) = (6, 60);
/// The most lines that a sentence may take.
const MOST: u16 = 4;
/// The line below: what keys there are.
const HELP: &str = "q end  up/down choose  enter dashboard  s quiet for 30 min";

/// Whether colours may be used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Palette {
    pub(super) has_colour: bool,
}

impl Palette {
    /// A level's colour, as in the status line; words say the same.
    fn level(self, level: &str) -> Style {
        let colour = |style: Style, colour| if self.has_colour { style.fg(colour) } else { style };
        match level {
            "notice" => colour(Style::new(), Color::Yellow),
            "checkpoint" => colour(Style::new().add_modifier(Modifier::BOLD), Color::Yellow),
            "urgent" => colour(Style::new().add_modifier(Modifier::BOLD), Color::Red),
            _ => Style::new(),
        }
    }
}

/// A thread, as it is drawn.
struct Row<'a> {
    name: String,
    model: &'a str,
    context: Option<&'a Context>,
    state: &'a str,
    age: String,
}

/// Draws the whole scene.
pub(super) fn draw(frame: &mut Frame<'_>, scene: &Scene, now: Timestamp, palette: Palette) {
    let (sentence, last) = head(scene, now);
    let said = scene.said().unwrap_or(HELP);
    let height = |text: &str| rows(text, frame.area().width).min(MOST);
    let areas = Layout::vertical([
        Constraint::Length(height(&sentence) + 2),
        Constraint::Fill(1),
        Constraint::Length(height(said)),
    ]);
    let [top, middle, bottom] = frame.area().layout(&areas);
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let lines = vec![Line::styled(sentence, bold), Line::raw(last)];
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: true }), top);
    sessions(frame, middle, scene, (now, palette));
    frame.render_widget(Paragraph::new(said).wrap(Wrap { trim: true }), bottom);
}

/// What needs the user, and when something last arrived.
fn head(scene: &Scene, now: Timestamp) -> (String, String) {
    let sentence = match (scene.lost(), scene.snapshot()) {
        (Some(lost), _) => format!(
            "Plimsoll has ended {}: what follows is old. It is looked for.",
            age(&rfc3339(lost), now)
        ),
        (None, None) => "Waiting for Plimsoll...".to_owned(),
        (None, Some(snapshot)) => snapshot.sentence_of(scene.sessions()),
    };
    let arrival = scene.snapshot().and_then(|snapshot| snapshot.last_arrival_at.as_deref());
    let last = arrival.map(|time| format!("Last arrival {}.", age(time, now)));
    (sentence, last.unwrap_or_default())
}

/// How many lines of so many columns a text takes that is wrapped between words, at least one. Words that are wider than
/// a line are cut.
fn rows(text: &str, width: u16) -> u16 {
    let width = usize::from(width.max(1));
    let (mut rows, mut used) = (1, 0);
    for word in text.split_whitespace().map(|word| word.chars().count()) {
        if used > 0 && used + 1 + word > width {
            (rows, used) = (rows + 1, 0);
        }
        used += word + usize::from(used > 0);
        rows += used.saturating_sub(1) / width;
        used = if used > width { used % width } else { used };
    }
    u16::try_from(rows).unwrap_or(u16::MAX)
}

fn sessions(
    frame: &mut Frame<'_>,
    area: Rect,
    scene: &Scene,
    (now, palette): (Timestamp, Palette),
) {
    let width = area.width.saturating_sub(2);
    let items: Vec<ListItem<'_>> = scene
        .sessions()
        .map(|session| {
            let own = [of_session(session, now)];
            let rows =
                own.into_iter().chain(session.subagents.iter().map(|one| of_agent(one, now)));
            let lines = rows.flat_map(|row| row.lines(width, palette));
            ListItem::new(lines.collect::<Vec<_>>())
        })
        .collect();
    if items.is_empty() {
        return frame.render_widget("No session is live.", area);
    }
    let mut state = ListState::default().with_selected(scene.chosen());
    let list = List::new(items).highlight_symbol(MARK);
    frame.render_stateful_widget(list, area, &mut state);
}

fn of_session(session: &Session, now: Timestamp) -> Row<'_> {
    Row {
        name: session.name(),
        model: session.model_name.as_deref().unwrap_or_default(),
        context: session.context.as_ref(),
        state: session.state(),
        age: age(&session.last_activity_at, now),
    }
}

fn of_agent(agent: &Subagent, now: Timestamp) -> Row<'_> {
    let name = agent.name.as_deref().unwrap_or(short(&agent.agent_id));
    Row {
        name: format!("  {}", plain(name, NAME)),
        model: &agent.model_name,
        context: Some(&agent.context),
        state: &agent.state,
        age: age(&agent.last_activity_at, now),
    }
}

impl Row<'_> {
    fn lines(&self, width: u16, palette: Palette) -> Vec<Line<'static>> {
        if width + 2 >= WIDE {
            vec![self.wide(width, palette)]
        } else {
            self.narrow(width, palette)
        }
    }

    /// Everything in one line.
    fn wide(&self, width: u16, palette: Palette) -> Line<'static> {
        let begin = format!("{:<30}  {:<12}  ", plain(&self.name, 30), plain(self.model, 12));
        let end = format!("  {:<9}  {:>10}", self.state, self.age);
        let level = self.context.map_or("", |context| &context.level);
        let style = palette.level(level);
        let numbers = self.context.map_or_else(String::new, |context| {
            format!(
                "{:>6}  {:<18}  {level:<10}  {}",
                context.percent(),
                context.occupancy_of_line(),
                context.forecast.as_ref().map(Forecast::in_words).unwrap_or_default(),
            )
        });
        let numbers = format!(" {numbers:<60}");
        let taken = begin.chars().count() + numbers.chars().count() + end.chars().count();
        let gauge = gauge(self.context, width, taken);
        Line::from(vec![
            Span::raw(begin),
            Span::styled(gauge, style),
            Span::styled(numbers, style),
            Span::raw(end),
        ])
    }

    /// Name and state above, gauge and what is left below.
    fn narrow(&self, width: u16, palette: Palette) -> Vec<Line<'static>> {
        let state = format!("{}, {}", self.state, self.age);
        let head = format!("{}  {}", self.name, plain(self.model, 12));
        let room = usize::from(width).saturating_sub(state.chars().count() + 2);
        let head = Line::raw(format!("{:<room$}  {state}", plain(&head, room)));
        let indent = " ".repeat(self.name.chars().take_while(|c| *c == ' ').count());
        let level = self.context.map_or("", |context| &context.level);
        let numbers = self.context.map_or_else(String::new, |context| {
            let turns = context.forecast.as_ref().map(|forecast| format!(", {}", forecast.turns()));
            format!(
                "{:>6}  {level:<10}  {} left{}",
                context.percent(),
                tokens(context.headroom_tokens),
                turns.unwrap_or_default(),
            )
        });
        let numbers = format!(" {numbers:<40}");
        let gauge = gauge(self.context, width, indent.len() + numbers.chars().count());
        let below = Span::styled(format!("{indent}{gauge}{numbers}"), palette.level(level));
        vec![head, Line::from(below)]
    }
}

/// A gauge as wide as there is room beside what is taken.
fn gauge(context: Option<&Context>, width: u16, taken: usize) -> String {
    let taken = u16::try_from(taken).unwrap_or(u16::MAX).saturating_add(3);
    let cells = width.saturating_sub(taken).clamp(CELLS.0, CELLS.1);
    match context {
        Some(context) => {
            gauge_of(cells, context.occupancy_tokens, context.line.tokens, context.window_tokens)
        }
        None => format!("{:<width$}", "(no gauge)", width = usize::from(cells) + 3),
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::calendar::parse_rfc3339;
    use ratatui::{Terminal, backend::TestBackend, buffer::Buffer};
    use serde_json::{Value, json};

    use super::*;
    use crate::cli::fixture::{context, json as session, snapshot};

    fn scene() -> Scene {
        let mut near = session("0123456789", &context(158_000, "urgent"));
        near["subagents"] = json!([{"agentId": "a1", "name": "Explore", "model": "m",
            "modelName": "Haiku 4.5", "state": "idle", "context": context(20_000, "calm"),
            "lastActivityAt": "2026-11-23T11:58:00.000Z"}]);
        let mut calm = context(110_000, "notice");
        calm["forecast"] = Value::Null;
        let mut other = session("feedface00", &calm);
        other["project"] = json!("a-project-with-quite-a-long-name");
        let mut metered = session("abcdef0123", &Value::Null);
        metered["project"] = Value::Null;
        let mut left = session("left", &context(1_000, "calm"));
        left["endedAt"] = json!("2026-11-23T11:58:00.000Z");
        let mut scene = Scene::of(None);
        let told = snapshot(&json!([near, other, metered, left]));
        scene.begin(&serde_json::to_vec(&told).unwrap()).unwrap();
        scene
    }

    fn drawn(scene: &Scene, (width, height): (u16, u16), has_colour: bool) -> Buffer {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let now = parse_rfc3339("2026-11-23T12:00:00Z").unwrap();
        terminal.draw(|frame| draw(frame, scene, now, Palette { has_colour })).unwrap();
        terminal.backend().buffer().clone()
    }

    fn text(buffer: &Buffer) -> String {
        let width = usize::from(buffer.area.width);
        let rows = buffer.content.chunks(width);
        let rows = rows.map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>());
        rows.map(|row| format!("{}\n", row.trim_end())).collect()
    }

    /// Scenario: a session at the urgent level with a subagent, one with a long name and no forecast, one of which only
    /// metrics tell, one that was left; on a narrow and on a wide screen.
    /// Guarantees: what needs the user, a gauge each with words beside it and its age, and the keys, on both.
    #[test]
    fn the_scene_fits_narrow_and_wide_screens() {
        insta::assert_snapshot!("watch_60", text(&drawn(&scene(), (60, 14), true)));
        insta::assert_snapshot!("watch_200", text(&drawn(&scene(), (200, 10), true)));
    }

    /// Scenario: the screen is too low for all sessions and the last one is chosen; it is far too small for anything.
    /// Guarantees: the chosen one is seen; nothing breaks.
    #[test]
    fn the_chosen_session_is_in_sight() {
        use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
        let mut scene = scene();
        scene.key(KeyEvent::new(KeyCode::End, KeyModifiers::NONE));
        let shown = text(&drawn(&scene, (60, 8), true));
        assert!(shown.contains("> session abcdef01"), "{shown}");
        drawn(&scene, (3, 2), true);
        drawn(&scene, (1, 1), true);
    }

    /// Scenario: colours may be used, and may not.
    /// Guarantees: a level has its colour, and none where none may be; bold stays.
    #[test]
    fn colours_are_a_choice() {
        let colours = |has_colour| {
            let buffer = drawn(&scene(), (200, 10), has_colour);
            let used = buffer.content.iter().map(|cell| cell.fg).filter(|fg| *fg != Color::Reset);
            used.collect::<std::collections::HashSet<_>>()
        };
        assert_eq!(colours(true), [Color::Red, Color::Yellow].into());
        assert!(colours(false).is_empty());
    }

    /// Scenario: texts that fit, that are wrapped between words, and with a word that is wider than a line.
    /// Guarantees: as many lines as they take.
    #[test]
    fn lines_are_counted() {
        for (text, lines) in [
            ("", 1),
            ("four five", 1),
            ("four five six", 2),
            ("0123456789ab", 2),
            ("a 0123456789abcdefghijk", 4),
        ] {
            assert_eq!(rows(text, 10), lines, "{text}");
        }
    }

    /// Scenario: nothing told yet; the engine lost seven seconds ago; something said.
    /// Guarantees: each is said in words, and old numbers are called old.
    #[test]
    fn what_is_not_there_is_said() {
        let empty = text(&drawn(&Scene::of(None), (60, 6), true));
        assert!(empty.contains("Waiting for Plimsoll"), "{empty}");
        let mut scene = scene();
        scene.lose(parse_rfc3339("2026-11-23T11:59:53Z").unwrap());
        scene.say("harbour-api is quiet for 30 minutes.".to_owned());
        let shown = text(&drawn(&scene, (60, 14), true));
        assert!(shown.contains("has ended 7 s ago: what follows is old"), "{shown}");
        assert!(shown.ends_with("harbour-api is quiet for 30 minutes.\n"), "{shown}");
    }
}
