//! The line that Plimsoll prints where the user has none.

use plimsoll_domain::{
    Level, Levels, Line, LineEvidence, Model, RateLimit, StatusReport, Window, WindowEvidence,
    WindowKind,
    text::{cost, percent, plain, tokens},
};

use crate::cli::text::gauge;

/// How wide a model's name may be.
const NAME: usize = 28;

/// The line: model, how near its context is to the line, cost, limits. What is not told is left out. In colour from
/// the level of a notice on.
pub(super) fn line(report: &StatusReport, colour: bool) -> String {
    let mut parts = Vec::new();
    if let Some(model) = &report.model {
        parts.push(plain(&model.display_name(), NAME));
        parts.push(context(report, model, colour));
    }
    parts.extend(report.cost.map(|spent| cost(Some(spent))));
    parts.extend(report.five_hour.map(|limit| used(limit, "5 h")));
    parts.extend(report.seven_day.map(|limit| used(limit, "7 d")));
    parts.join("  ")
}

fn context(report: &StatusReport, model: &Model, colour: bool) -> String {
    let Some(context) = report.context else { return "context not known yet".to_owned() };
    let occupancy = context.occupancy();
    let evidence = WindowEvidence { largest_occupancy: occupancy, ..WindowEvidence::default() };
    let window = match report.window {
        Some(tokens) => Window { tokens, kind: WindowKind::Named },
        None => Window::resolve(model, evidence),
    };
    let line = Line::resolve(model, window, LineEvidence::default()).tokens;
    let shown = format!(
        "{}  {} of {}",
        gauge(occupancy, line, window.tokens),
        tokens(occupancy),
        tokens(line)
    );
    match Levels::default().reached(occupancy, line, None).filter(|_| colour) {
        Some(level) => format!("\u{1b}[{}m{shown}\u{1b}[0m", tint(level)),
        None => shown,
    }
}

/// Yellow, bold yellow, bold red.
fn tint(level: Level) -> &'static str {
    match level {
        Level::Notice => "33",
        Level::Checkpoint => "1;33",
        Level::Urgent => "1;31",
    }
}

fn used(limit: RateLimit, of: &str) -> String {
    format!("{} of {of}", percent(limit.used_permille, 1_000))
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::{NanoUsd, Timestamp, Tokens};

    use super::*;

    fn report(model: &str, window: Option<u64>, occupancy: Option<u64>) -> StatusReport {
        let context = occupancy.map(|input| Tokens { input, ..Tokens::ZERO });
        StatusReport {
            model: Some(Model::parse(model).0),
            window,
            context,
            ..StatusReport::default()
        }
    }

    /// Scenario: all that can be told; a session before its first request; nothing but limits; nothing.
    /// Guarantees: what is told is said, in the words of the other commands; what is not told is left out.
    #[test]
    fn what_is_told_is_said() {
        let limit = |used_permille| Some(RateLimit { used_permille, resets: Timestamp::EPOCH });
        let whole = StatusReport {
            cost: Some(NanoUsd(1_240_000_000)),
            five_hour: limit(43),
            seven_day: limit(1_020),
            ..report("claude-sonnet-4-6", Some(200_000), Some(90_400))
        };
        assert_eq!(
            line(&whole, false),
            "Sonnet 4.6  [#########--------|...]  90k of 167k  $1.24  4 % of 5 h  102 % of 7 d"
        );
        let fresh = StatusReport {
            cost: Some(NanoUsd::ZERO),
            ..report("claude-sonnet-4-6", Some(200_000), None)
        };
        assert_eq!(line(&fresh, true), "Sonnet 4.6  context not known yet  $0.00");
        let limits = StatusReport { five_hour: limit(500), ..StatusReport::default() };
        assert_eq!(line(&limits, true), "50 % of 5 h");
        assert_eq!(line(&StatusReport::default(), true), "");
    }

    /// Scenario: windows that are told, and one that is not; a model that never compacts by itself.
    /// Guarantees: what the client says of the window goes before what the model's name tells.
    #[test]
    fn the_line_follows_the_window() {
        let shown = |model, window| {
            let shown = line(&report(model, window, Some(50_000)), false);
            shown.rsplit("  ").next().unwrap().to_owned()
        };
        assert_eq!(shown("claude-opus-4-8", None), "50k of 967k");
        assert_eq!(shown("claude-opus-4-8", Some(200_000)), "50k of 167k");
        assert_eq!(shown("claude-haiku-4-5", Some(200_000)), "50k of 200k");
        assert_eq!(shown("a-gateway-model", None), "50k of 167k");
    }

    /// Scenario: contexts on their way to the line, with and without colours.
    /// Guarantees: each level has its colour, calm has none; without colours no control character is printed.
    #[test]
    fn levels_are_coloured() {
        for (occupancy, tint) in [
            (50_000, None),
            (101_000, Some("33")),
            (134_000, Some("1;33")),
            (160_000, Some("1;31")),
        ] {
            let report = report("claude-sonnet-4-6", Some(200_000), Some(occupancy));
            let plain = line(&report, false);
            assert!(!plain.contains('\u{1b}'));
            let coloured = line(&report, true);
            match tint {
                None => assert_eq!(coloured, plain),
                Some(tint) => {
                    let (model, gauge) = plain.split_once("  ").unwrap();
                    assert_eq!(coloured, format!("{model}  \u{1b}[{tint}m{gauge}\u{1b}[0m"));
                }
            }
        }
    }
}
