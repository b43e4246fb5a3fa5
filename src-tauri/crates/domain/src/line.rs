//! The line: the token count at which the client compacts by itself.
//!
//! Formula and exceptions were measured on Claude Code 2.1.330 (docs/format.md, "Where it compacts").

use std::{collections::BTreeMap, sync::Arc};

use crate::{Interval, Model, Window, window::WINDOW_1M};

/// What the client keeps free for the answer to a compaction, at most.
const ANSWER_RESERVE: u64 = 20_000;
/// What the client keeps free beyond that before it compacts.
const COMPACTION_MARGIN: u64 = 13_000;
/// How far before the end of what it can send the client refuses by itself, where it may not compact.
const REFUSAL_MARGIN: u64 = 3_000;
/// 100 percent, as percentages are told.
const WHOLE: u64 = 100_000;
/// What the client takes a window of the user's to be at least and at most, whatever is written.
const USERS_WINDOW: std::ops::RangeInclusive<u64> = 100_000..=WINDOW_1M;

/// The token count at which the client compacts by itself, or where it does not, at which requests are refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Tokens; positive.
    pub tokens: u64,
    /// How it is known.
    pub reason: LineReason,
}

/// How a line is known, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineKind {
    /// Somebody set it: in Plimsoll, or in the client.
    Configured,
    /// Compactions were seen there.
    Learned,
    /// Computed from the window.
    Assumed,
}

/// How a line is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineReason {
    /// The user set it in Plimsoll.
    User,
    /// The client's settings move it; what they say.
    Client(Arc<str>),
    /// The client's settings switch automatic compaction off; what they say. The line is where the client refuses.
    Off(Arc<str>),
    /// So many automatic compactions were seen there; none: it passed where it should have compacted.
    Learned(u32),
    /// The formula of the window.
    Formula,
    /// The client was seen never to compact this model by itself. The line is where the API refuses.
    Never,
}

/// What the client's settings say of compaction. Each with the words of the setting, for people.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct Compacting {
    /// Whether it is switched off.
    pub off: Option<Arc<str>>,
    /// The window that it is reckoned from, in tokens.
    pub window: Option<(u64, Arc<str>)>,
    /// The same of single models, by their [common names](Model::common); `None`: the model's own window.
    pub models: BTreeMap<Model, Option<(u64, Arc<str>)>>,
    /// The percentage at which it begins, in thousandths of a percent up to 100,000; it can only lower the line.
    pub percent: Option<(u64, Arc<str>)>,
}

impl Compacting {
    /// The window that a model's line is reckoned from, in tokens; `None`: the model's own.
    #[must_use]
    pub fn window_of(&self, model: &Model) -> Option<&(u64, Arc<str>)> {
        // Asked for every request, and hardly anybody names a model: its name is only made common where that matters.
        let named = !self.models.is_empty();
        let own = named.then(|| self.models.get(&Model::common(model.as_str()))).flatten();
        own.map_or(self.window.as_ref(), Option::as_ref)
    }
}

/// What is known of a thread's line, beside its model and window.
#[derive(Debug, Clone, Copy, Default)]
pub struct LineEvidence<'a> {
    /// The line that the user set in Plimsoll.
    pub user: Option<u64>,
    /// What the client's settings say.
    pub client: Option<&'a Compacting>,
    /// Where it compacted and where it did not.
    pub learned: Interval,
}

impl LineKind {
    /// The name used in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Configured => "configured",
            Self::Learned => "learned",
            Self::Assumed => "assumed",
        }
    }
}

impl LineReason {
    /// The reason in a few words, for people.
    #[must_use]
    pub fn words(&self) -> String {
        let refuses = "the line is where requests are refused";
        match self {
            Self::User => "set in Plimsoll's configuration".to_owned(),
            Self::Client(said) => format!("set in the client: {said}"),
            Self::Off(said) => format!("automatic compaction is off ({said}): {refuses}"),
            Self::Learned(0) => {
                format!("it grew past the usual line without compacting: {refuses}")
            }
            Self::Learned(1) => "learned from 1 compaction".to_owned(),
            Self::Learned(observations) => format!("learned from {observations} compactions"),
            Self::Formula => "assumed from the window's size".to_owned(),
            Self::Never => format!("the client never compacts this model by itself: {refuses}"),
        }
    }

    /// The reason in one word.
    #[must_use]
    pub const fn kind(&self) -> LineKind {
        match self {
            Self::User | Self::Client(_) | Self::Off(_) => LineKind::Configured,
            Self::Learned(_) => LineKind::Learned,
            Self::Formula | Self::Never => LineKind::Assumed,
        }
    }
}

impl Line {
    /// Resolves the line: the user's word, the client's settings, the formula; the latter two hold until it was
    /// seen to compact elsewhere.
    #[must_use]
    pub fn resolve(model: &Model, window: Window, evidence: LineEvidence<'_>) -> Self {
        if let Some(tokens) = evidence.user {
            return Self { tokens: tokens.max(1), reason: LineReason::User };
        }
        let believed = Self::by_settings(model, window, evidence.client);
        let seen = evidence.learned;
        let Some(up_to) = seen.up_to else {
            // Where it should have compacted it did not, and nobody saw it compact at all.
            let passed = believed.tokens <= seen.above;
            let end = || window.tokens.max(seen.above);
            return if passed { Self::learned(end(), 0) } else { believed };
        };
        let fits = |line: &Self| (seen.above < line.tokens) && line.tokens <= up_to;
        if fits(&believed) && believed.kind() == LineKind::Configured {
            return believed;
        }
        let usual = Self::by_settings(model, window, None);
        // It hardly grew by more than a tenth at once, however little was seen before.
        let middle = seen.above.saturating_add(up_to).div_ceil(2).max(up_to - up_to / 10);
        let tokens =
            [believed, usual].iter().find(|line| fits(line)).map_or(middle, |line| line.tokens);
        Self::learned(tokens, seen.observations)
    }

    /// The line by the client's settings where they say anything of it, else by the formula.
    #[must_use]
    pub fn by_settings(model: &Model, window: Window, client: Option<&Compacting>) -> Self {
        if let Some(said) = client.and_then(|client| client.off.as_ref()) {
            let tokens = window.tokens.saturating_sub(ANSWER_RESERVE + REFUSAL_MARGIN).max(1);
            return Self { tokens, reason: LineReason::Off(Arc::clone(said)) };
        }
        // A window of the user's has it compact every model.
        let users = client.and_then(|client| client.window_of(model));
        let never = never_compacts(model, window.tokens);
        if never && users.is_none() {
            return Self { tokens: window.tokens, reason: LineReason::Never };
        }
        let usual = if never { window.tokens } else { below(window.tokens) };
        let Some(client) = client else { return Self::formula(usual) };
        let narrow = |(tokens, _): &(u64, Arc<str>)| {
            window.tokens.min((*tokens).clamp(*USERS_WINDOW.start(), *USERS_WINDOW.end()))
        };
        let base = users.map_or(window.tokens, narrow);
        let percent = client.percent.as_ref().map(|(percent, said)| {
            (base.saturating_sub(ANSWER_RESERVE) * (*percent).min(WHOLE) / WHOLE, said)
        });
        let narrowed = users.map(|(_, said)| (below(base), said));
        let lowest = percent.into_iter().chain(narrowed).min_by_key(|(tokens, _)| *tokens);
        match lowest {
            Some((tokens, said)) if tokens < usual => {
                Self { tokens: tokens.max(1), reason: LineReason::Client(Arc::clone(said)) }
            }
            _ => Self::formula(usual),
        }
    }

    fn formula(tokens: u64) -> Self {
        Self { tokens, reason: LineReason::Formula }
    }

    fn learned(tokens: u64, observations: u32) -> Self {
        Self { tokens, reason: LineReason::Learned(observations) }
    }

    /// How it is known, in one word.
    #[must_use]
    pub const fn kind(&self) -> LineKind {
        self.reason.kind()
    }

    /// How many automatic compactions it was learned from; zero unless learned.
    #[must_use]
    pub const fn observations(&self) -> u32 {
        match self.reason {
            LineReason::Learned(observations) => observations,
            _ => 0,
        }
    }

    /// Whether the client compacts there; else it is where requests are refused, as far as is known.
    #[must_use]
    pub const fn compacts(&self) -> bool {
        !matches!(self.reason, LineReason::Off(_) | LineReason::Never | LineReason::Learned(0))
    }
}

/// Where a window is compacted: 33,000 tokens below its end.
const fn below(window: u64) -> u64 {
    let tokens = window.saturating_sub(ANSWER_RESERVE + COMPACTION_MARGIN);
    if tokens == 0 { 1 } else { tokens }
}

/// Whether the client was seen never to compact this model by itself: 200K models of the generation 4.5,
/// and 4.6 with the one-million-token window. There the line is where the API refuses.
fn never_compacts(model: &Model, window: u64) -> bool {
    match model.family() {
        Some(("haiku" | "sonnet", 4, 5)) => true,
        Some(("sonnet", 4, 6)) => window == WINDOW_1M,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{WindowEvidence, WindowKind};

    fn window(name: &str) -> (Model, Window) {
        let (model, million_named) = Model::parse(name);
        let evidence = WindowEvidence { million_named, largest_occupancy: 0 };
        let window = Window::resolve(&model, evidence);
        (model, window)
    }

    fn line(name: &str, evidence: LineEvidence<'_>) -> (u64, LineReason) {
        let (model, window) = window(name);
        let line = Line::resolve(&model, window, evidence);
        (line.tokens, line.reason)
    }

    fn settings(window: Option<u64>, percent: Option<u64>) -> Compacting {
        let said = |number: u64, what: &str| (number, what.into());
        Compacting {
            window: window.map(|window| said(window, "window")),
            percent: percent.map(|percent| said(percent * 1_000, "percent")),
            ..Compacting::default()
        }
    }

    fn client(settings: &Compacting) -> LineEvidence<'_> {
        LineEvidence { client: Some(settings), ..LineEvidence::default() }
    }

    fn seen(above: u64, up_to: Option<u64>, observations: u32) -> LineEvidence<'static> {
        let learned = Interval { above, up_to, observations };
        LineEvidence { learned, ..LineEvidence::default() }
    }

    /// Scenario: a status line names a window that is smaller than what is kept free of it.
    /// Guarantees: the line is at the first token, so that any use is past it.
    #[test]
    fn a_tiny_window_has_its_line_at_the_start() {
        let window = Window { tokens: 30_000, kind: WindowKind::Guessed };
        let model = Model::parse("claude-sonnet-4-6").0;
        assert_eq!(Line::resolve(&model, window, LineEvidence::default()).tokens, 1);
    }

    /// Scenario: the models whose compaction was measured on the real client, with nothing set.
    /// Guarantees: the line is the measured one, and where the client never compacts it says so.
    #[test]
    fn measured_models_have_their_measured_lines() {
        let none = LineEvidence::default();
        for (name, tokens, reason) in [
            ("claude-sonnet-4-6", 167_000, LineReason::Formula),
            ("claude-opus-4-6", 167_000, LineReason::Formula),
            ("claude-opus-4-8", 967_000, LineReason::Formula),
            ("claude-sonnet-5-5", 967_000, LineReason::Formula),
            ("claude-haiku-4-5", 200_000, LineReason::Never),
            ("claude-sonnet-4-5-20250929", 200_000, LineReason::Never),
            ("claude-sonnet-4-6[1m]", 1_000_000, LineReason::Never),
        ] {
            assert_eq!(line(name, none), (tokens, reason), "{name}");
        }
    }

    /// Scenario: settings name a window for one model, and none for another that never compacts by itself, beside a window for
    /// all.
    /// Guarantees: the model's own counts, under any spelling of its name; none means that nothing is set.
    #[test]
    fn a_models_own_window_goes_first() {
        let said = |window| Some((window, "own".into()));
        let own = [("claude-sonnet-4-6", said(120_000)), ("claude-haiku-4-5", None)];
        let models = own.map(|(name, window)| (Model::common(name), window)).into();
        let set = Compacting { models, ..settings(Some(150_000), None) };
        for (name, tokens, reason) in [
            ("claude-sonnet-4-6", 87_000, LineReason::Client("own".into())),
            ("claude-sonnet-4-6[1m]", 87_000, LineReason::Client("own".into())),
            ("claude-opus-4-6", 117_000, LineReason::Client("window".into())),
            ("claude-haiku-4-5-20251001", 200_000, LineReason::Never),
        ] {
            assert_eq!(line(name, client(&set)), (tokens, reason), "{name}");
        }
        let half = Compacting { percent: Some((52_700, "half".into())), ..Compacting::default() };
        assert_eq!(line("claude-sonnet-4-6", client(&half)).0, 94_860);
    }

    /// Scenario: the client's settings narrow the window, lower the percentage, do both, or say what changes nothing.
    /// Guarantees: the lines that were measured (90,000 and 117,000); the lower one where both are set; the formula
    /// where they would raise it; limits as the client takes them.
    #[test]
    fn the_clients_settings_move_the_line() {
        let moved = |window, percent| line("claude-sonnet-4-6", client(&settings(window, percent)));
        let said = |tokens, what: &str| (tokens, LineReason::Client(what.into()));
        assert_eq!(moved(None, Some(50)), said(90_000, "percent"));
        assert_eq!(moved(Some(150_000), None), said(117_000, "window"));
        assert_eq!(moved(Some(150_000), Some(50)), said(65_000, "percent"));
        assert_eq!(moved(Some(150_000), Some(99)), said(117_000, "window"));
        assert_eq!(moved(Some(500), None), said(67_000, "window"));
        for (window, percent) in [(Some(900_000), None), (None, Some(100)), (None, None)] {
            assert_eq!(moved(window, percent), (167_000, LineReason::Formula));
        }
    }

    /// Scenario: models that never compact by themselves, with a percentage, with a window of the user's, with one as
    /// large as their own, and with both.
    /// Guarantees: as it was measured: the percentage alone changes nothing; with a window they compact as others do.
    #[test]
    fn a_window_of_the_users_has_every_model_compact() {
        let haiku = |window, percent| line("claude-haiku-4-5", client(&settings(window, percent)));
        let said = |tokens, what: &str| (tokens, LineReason::Client(what.into()));
        assert_eq!(haiku(None, Some(50)), (200_000, LineReason::Never));
        assert_eq!(haiku(Some(150_000), None), said(117_000, "window"));
        assert_eq!(haiku(Some(200_000), None), said(167_000, "window"));
        assert_eq!(haiku(Some(150_000), Some(50)), said(65_000, "percent"));
        let sonnet = line("claude-sonnet-4-6[1m]", client(&settings(Some(400_000), None)));
        assert_eq!(sonnet, said(367_000, "window"));
    }

    /// Scenario: automatic compaction is switched off.
    /// Guarantees: the line is where the client was seen to refuse, by the setting's words, and nothing compacts there.
    #[test]
    fn without_compaction_the_line_is_where_the_client_refuses() {
        let off = Compacting { off: Some("autoCompactEnabled".into()), ..settings(None, Some(50)) };
        let (model, window) = window("claude-opus-4-6");
        let line = Line::resolve(&model, window, client(&off));
        assert_eq!((line.tokens, line.kind()), (177_000, LineKind::Configured));
        assert!(!line.compacts());
    }

    /// Scenario: it compacted where it should, lower, only much higher than believed; it passed the line and was not
    /// seen to compact at all.
    /// Guarantees: what was believed is confirmed or given up; what takes its place lies within what was seen.
    #[test]
    fn what_was_seen_confirms_or_refutes() {
        let sonnet = |evidence| line("claude-sonnet-4-6", evidence);
        assert_eq!(
            sonnet(seen(150_000, Some(167_245), 3)),
            (167_000, LineReason::Learned(3)),
            "confirmed"
        );
        assert_eq!(sonnet(seen(84_000, Some(91_000), 1)), (87_500, LineReason::Learned(1)));
        assert_eq!(sonnet(seen(0, Some(91_000), 1)), (81_900, LineReason::Learned(1)));
        assert_eq!(sonnet(seen(175_000, Some(181_000), 2)), (178_000, LineReason::Learned(2)));
        assert_eq!(sonnet(seen(175_000, None, 0)), (200_000, LineReason::Learned(0)));
        assert_eq!(sonnet(seen(166_999, None, 0)), (167_000, LineReason::Formula));
    }

    /// Scenario: the client's settings say one thing and its compactions another.
    /// Guarantees: settings hold while nothing contradicts them; then what was seen holds; the user's word always.
    #[test]
    fn settings_hold_until_refuted() {
        let half = settings(None, Some(50));
        let with = |learned| LineEvidence { learned, ..client(&half) };
        let sonnet = |evidence| line("claude-sonnet-4-6", evidence);
        let interval = |above, up_to| Interval { above, up_to: Some(up_to), observations: 1 };
        assert_eq!(sonnet(with(interval(80_000, 95_000))).1, LineReason::Client("percent".into()));
        let ignored = with(interval(150_000, 167_500));
        assert_eq!(sonnet(ignored), (167_000, LineReason::Learned(1)), "the formula fits");
        let user = LineEvidence { user: Some(120_000), ..ignored };
        assert_eq!(sonnet(user), (120_000, LineReason::User));
    }
}
