//! Claude Code's status line: what the client tells the command that draws it, as JSON.
//!
//! It alone states the window's size and, for plans that have them, the limits. `current_usage` is the last main
//! request's, to the token; `null` before the first and right after a compaction. `used_percentage` is of the whole
//! window and is not read.

use plimsoll_domain::{Model, NanoUsd, RateLimit, Statement, StatusReport, Timestamp, Tokens};
use serde::Deserialize;

use super::{
    project,
    written::{Written, object},
};
use crate::{HandedFault, attributes::whole_double, handed::Said};

/// The smallest window that is believed: below it nothing is left beside what the client keeps free.
const SMALLEST_WINDOW: u64 = 40_000;

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct StatusLine<'a> {
    session_id: Written<'a>,
    transcript_path: Written<'a>,
    cwd: Written<'a>,
    version: Written<'a>,
    model: Written<'a>,
    workspace: Written<'a>,
    cost: Written<'a>,
    context_window: Written<'a>,
    rate_limits: Written<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct ModelName<'a> {
    id: Written<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Workspace<'a> {
    project_dir: Written<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Cost<'a> {
    total_cost_usd: Written<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct ContextWindow<'a> {
    context_window_size: Written<'a>,
    current_usage: Written<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Usage<'a> {
    input_tokens: Written<'a>,
    output_tokens: Written<'a>,
    cache_creation_input_tokens: Written<'a>,
    cache_read_input_tokens: Written<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct RateLimits<'a> {
    five_hour: Written<'a>,
    seven_day: Written<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Limit<'a> {
    used_percentage: Written<'a>,
    resets_at: Written<'a>,
}

/// Reads the input of the status line.
pub(crate) fn read(body: &[u8]) -> Result<Said, HandedFault> {
    let line: StatusLine<'_> = object(body).ok_or(HandedFault::NotAnObject)?;
    let said = Said::of(line.session_id, line.transcript_path, line.version)?;
    let place = project(line.workspace.object::<Workspace<'_>>().project_dir);
    Ok(said.and(place.or_else(|| project(line.cwd))).and(line.report().map(Statement::Status)))
}

impl StatusLine<'_> {
    /// The report; `None` where it would say nothing.
    fn report(&self) -> Option<StatusReport> {
        let context: ContextWindow<'_> = self.context_window.object();
        let limits: RateLimits<'_> = self.rate_limits.object();
        let cost: Cost<'_> = self.cost.object();
        let model: ModelName<'_> = self.model.object();
        let report = StatusReport {
            model: model.id.name().map(|name| Model::parse(&name).0),
            window: context.context_window_size.count().filter(|size| *size >= SMALLEST_WINDOW),
            context: tokens(&context.current_usage.object()),
            cost: cost.total_cost_usd.number().and_then(NanoUsd::from_usd),
            five_hour: limit(&limits.five_hour.object()),
            seven_day: limit(&limits.seven_day.object()),
        };
        (report != StatusReport::default()).then_some(report)
    }
}

/// Tokens of which every type is told.
fn tokens(usage: &Usage<'_>) -> Option<Tokens> {
    Some(Tokens {
        input: usage.input_tokens.count()?,
        output: usage.output_tokens.count()?,
        cache_read: usage.cache_read_input_tokens.count()?,
        cache_creation: usage.cache_creation_input_tokens.count()?,
    })
}

fn limit(limit: &Limit<'_>) -> Option<RateLimit> {
    let used_permille = whole_double((limit.used_percentage.number()? * 10.0).round()).ok()?;
    let seconds = whole_double(limit.resets_at.number()?.round()).ok()?;
    let resets = Timestamp::from_millis(i64::try_from(seconds).ok()?.saturating_mul(1_000));
    Some(RateLimit { used_permille, resets })
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::{Handed, Witness};

    use super::*;
    use crate::{Told, read_handed};

    const ARRIVED: Timestamp = Timestamp::from_millis(1_795_435_200_250);

    fn told(json: &str) -> Told {
        read_handed(Handed::StatusLine, json.as_bytes(), ARRIVED).expect("a status line")
    }

    fn report(told: &Told) -> &StatusReport {
        let report = told.facts.iter().find_map(|fact| match &fact.statement {
            Statement::Status(report) => Some(report),
            _ => None,
        });
        report.expect("a report")
    }

    fn capture() -> Vec<Told> {
        let path = "../../../tests/fixtures/captures/interactive/statusline.jsonl";
        let lines = std::fs::read_to_string(path).expect("the fixture");
        lines.lines().map(told).collect()
    }

    /// Scenario: every status line of a recorded session, with its two compactions.
    /// Guarantees: session, version, transcript, place, window and cost of each; the context is that of the last
    /// request, and is not told before the first and after a compaction.
    #[test]
    fn a_recorded_session_is_read() {
        let told = capture();
        let contexts: Vec<_> =
            told.iter().map(|told| report(told).context.map(|tokens| tokens.occupancy())).collect();
        assert_eq!(contexts.len(), 13);
        assert_eq!(contexts[0], None);
        assert_eq!(contexts[1], Some(15_111));
        for told in &told {
            let report = report(told);
            assert_eq!(told.session.as_str(), "1d10fde2-b1a6-4ccf-a817-cf0ed4274f0d");
            assert!(told.transcript.as_deref().is_some_and(|path| path.ends_with("f0d.jsonl")));
            assert_eq!(report.model.as_ref().map(Model::as_str), Some("claude-sonnet-4-6"));
            assert_eq!(report.window, Some(200_000));
            assert_eq!((report.five_hour, report.seven_day), (None, None));
            let envelope = &told.facts[0].envelope;
            assert_eq!((envelope.witness, envelope.at), (Witness::Hook, ARRIVED));
            assert_eq!(envelope.client_version.as_deref(), Some("2.1.330"));
            assert!(matches!(&told.facts[0].statement, Statement::Project(place)
                if &*place.path == "/home/dev/work/p_interactive"));
        }
        let costs: Vec<_> = told.iter().map(|told| report(told).cost).collect();
        assert_eq!(costs[..2], [Some(NanoUsd::ZERO), Some(NanoUsd(19_845_000))]);
        assert!(costs.is_sorted());
    }

    /// Scenario: limits in whole and broken percent, beyond the limit, of one window only, and without their end; a
    /// model with a window's suffix.
    /// Guarantees: permille to the nearest; a limit that does not say when it ends is not told.
    #[test]
    fn limits_are_read() {
        let of = |limits: &str| {
            let json = format!(
                r#"{{"session_id":"s","model":{{"id":"claude-sonnet-4-6[1m]"}},"rate_limits":{limits}}}"#
            );
            let told = told(&json);
            let report = report(&told);
            assert_eq!(report.model.as_ref().map(Model::as_str), Some("claude-sonnet-4-6"));
            let used = |limit: Option<RateLimit>| limit.map(|limit| limit.used_permille);
            let resets = report.five_hour.map(|limit| limit.resets.millis());
            (used(report.five_hour), used(report.seven_day), resets)
        };
        let resets = Some(1_795_450_000_000);
        assert_eq!(
            of(r#"{"five_hour":{"used_percentage":23.46,"resets_at":1795450000},
                   "seven_day":{"used_percentage":104,"resets_at":1795900000.5}}"#),
            (Some(235), Some(1040), resets)
        );
        assert_eq!(
            of(r#"{"five_hour":{"used_percentage":0,"resets_at":1795450000},"seven_day":null}"#),
            (Some(0), None, resets)
        );
        for none in
            [r#"{"five_hour":{"used_percentage":5,"resets_at":null}}"#, "null", "[]", "7", "{}"]
        {
            assert_eq!(of(none), (None, None, None), "{none}");
        }
    }

    /// Scenario: parts missing, null, or of another type; a window that is none; a status that says nothing.
    /// Guarantees: what can be used is read; a missing type of tokens makes no zero; no report where there is
    /// nothing to report.
    #[test]
    fn what_is_missing_is_not_told() {
        let partial = told(
            r#"{"session_id":"s","cwd":"/work","workspace":{"project_dir":7},"cost":{"total_cost_usd":"1"},
               "context_window":{"context_window_size":1000,
                 "current_usage":{"input_tokens":1,"output_tokens":2,"cache_read_input_tokens":3}},
               "model":{"id":"m"}}"#,
        );
        let bare = StatusReport { model: Some(Model::parse("m").0), ..StatusReport::default() };
        assert_eq!(report(&partial), &bare);
        assert!(matches!(&partial.facts[0].statement, Statement::Project(place)
            if &*place.path == "/work"));
        assert_eq!(told(r#"{"session_id":"s","cwd":"work","model":"m"}"#).facts, []);
    }
}
