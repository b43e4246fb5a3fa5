//! Cycles of recorded transcripts that ended with an automatic compaction.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde_json::Value;

use super::backtest::Cycle;

/// The cycles of the main threads of every transcript in these folders. Where it compacted is taken to be the line.
pub(super) fn cycles(folders: &[PathBuf]) -> Result<Vec<Cycle>> {
    let mut all = Vec::new();
    for folder in folders {
        read_folder(folder, &mut all)?;
    }
    Ok(all)
}

fn read_folder(folder: &Path, all: &mut Vec<Cycle>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() && path.file_name().is_none_or(|name| name != "subagents") {
            read_folder(&path, all)?;
        } else if path.extension().is_some_and(|extension| extension == "jsonl") {
            all.extend(of_text(&fs::read_to_string(&path).unwrap_or_default()));
        }
    }
    Ok(())
}

fn of_text(text: &str) -> Vec<Cycle> {
    let mut cycles = Vec::new();
    let (mut occupancies, mut last) = (Vec::new(), String::new());
    for line in text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        if let Some(occupancy) = occupancy(&line) {
            let request = line["requestId"].as_str().unwrap_or_default();
            // Each block of an answer has a line.
            if request == last && !occupancies.is_empty() {
                occupancies.pop();
            }
            request.clone_into(&mut last);
            occupancies.push(occupancy);
        }
        let boundary = &line["compactMetadata"];
        if line["subtype"] == "compact_boundary" {
            let ended = std::mem::take(&mut occupancies);
            if let (Some(line), "auto") =
                (boundary["preTokens"].as_u64(), boundary["trigger"].as_str().unwrap_or_default())
            {
                cycles.push(Cycle { occupancies: ended, added: Vec::new(), line });
            }
        }
    }
    cycles
}

/// The context after a request of the main thread.
fn occupancy(line: &Value) -> Option<u64> {
    let usage = &line["message"]["usage"];
    let is_main = line["type"] == "assistant" && line["isSidechain"] != true;
    let parts =
        ["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens"];
    let sum: u64 = parts.iter().filter_map(|part| usage[part].as_u64()).sum();
    (is_main && sum > 0).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a transcript with an answer of two lines, a subagent's line, a manual and an automatic compaction.
    /// Guarantees: one cycle, with each main request once and the line where it compacted.
    #[test]
    fn a_transcript_becomes_cycles() {
        let request = |id: &str, tokens: u64, side: bool| {
            format!(
                "{{\"type\":\"assistant\",\"requestId\":\"{id}\",\"isSidechain\":{side},\
                 \"message\":{{\"usage\":{{\"input_tokens\":{tokens},\"output_tokens\":5}}}}}}\n"
            )
        };
        let boundary = |trigger: &str, tokens: u64| {
            format!(
                "{{\"type\":\"system\",\"subtype\":\"compact_boundary\",\"compactMetadata\":\
                 {{\"trigger\":\"{trigger}\",\"preTokens\":{tokens}}}}}\n"
            )
        };
        let text = [
            request("a", 1_000, false),
            boundary("manual", 1_200),
            request("b", 100_000, false),
            request("b", 100_000, false),
            request("s", 7_000, true),
            request("c", 160_000, false),
            boundary("auto", 167_400),
            "not json\n".to_owned(),
        ];
        let cycles = of_text(&text.concat());
        let [cycle] = cycles.as_slice() else { panic!("{cycles:?}") };
        assert_eq!((&cycle.occupancies, cycle.line), (&vec![100_005, 160_005], 167_400));
    }
}
