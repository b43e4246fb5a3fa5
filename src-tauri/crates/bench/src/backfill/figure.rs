//! What readers cost and say, beside the truth.

use std::time::Duration;

use plimsoll_domain::TokenKind;

use super::child::Spent;
use super::reader::{Reader, Told};
use crate::corpus::Sums;
use crate::figures::{self, median, megabytes};

/// Less than this is a matter of how a program rounds, in nano-USD.
const ROUNDING: u64 = 1_000;

/// The figures of all rounds of one reader.
#[derive(Debug)]
pub(super) struct Figures<'a> {
    pub(super) reader: &'a Reader,
    rounds: Vec<Spent>,
    told: Option<Told>,
}

impl<'a> Figures<'a> {
    pub(super) fn of(reader: &'a Reader) -> Self {
        Self { reader, rounds: Vec::new(), told: None }
    }

    pub(super) fn add(&mut self, (spent, told): (Spent, Option<Told>)) {
        self.rounds.push(spent);
        self.told = told.or(self.told);
    }

    fn middle(&self, figure: impl Fn(&Spent) -> Duration) -> f64 {
        median(self.rounds.iter().map(|spent| figure(spent).as_secs_f64()).collect())
    }

    fn wall(&self) -> f64 {
        self.middle(|spent| spent.wall)
    }

    fn processor(&self) -> f64 {
        self.middle(|spent| spent.processor)
    }

    fn peak(&self) -> String {
        let peak = self.rounds.iter().filter_map(|spent| spent.peak).max();
        peak.map_or_else(String::new, megabytes)
    }

    fn row(&self, truth: &Sums, alone: f64) -> Vec<String> {
        let best = self.rounds.iter().map(|spent| spent.wall).min().unwrap_or_default();
        let seconds = |seconds: f64| format!("{seconds:.2} s");
        let mut row = vec![
            self.reader.name().to_owned(),
            seconds(self.wall()),
            seconds(best.as_secs_f64()),
            format!("{:.1} x", self.wall() / alone),
            seconds(self.processor()),
            self.peak(),
        ];
        row.extend(self.told.iter().flat_map(|told| [tokens(told, truth), cost(told, truth)]));
        row
    }
}

/// Prints all readers, the first of which is the limit, and ours against the others.
pub(super) fn print(all: &[Figures<'_>], truth: &Sums) {
    let columns = [
        "files cached, no ledger",
        "wall",
        "best",
        "to reading",
        "cpu",
        "peak RSS",
        "tokens",
        "cost",
    ];
    let mut rows = vec![columns.map(str::to_owned).to_vec()];
    let alone = all.first().map_or(f64::NAN, Figures::wall);
    rows.extend(all.iter().map(|figures| figures.row(truth, alone)));
    figures::table(&rows);
    let ours = all.iter().find(|figures| matches!(figures.reader, Reader::Plimsoll(_)));
    let Some(ours) = ours else { return };
    figures::line(
        "the whole program, median",
        &format!("{:.2} s", ours.wall()),
        "0.6 s on 2 cores",
    );
    figures::line("peak RSS, largest", &ours.peak(), "< 120 MB");
    for theirs in all.iter().filter(|figures| matches!(figures.reader, Reader::Ccusage(_))) {
        let name = theirs.reader.name();
        let times = |theirs: f64, ours: f64| format!("{:.1} x", theirs / ours);
        let speed = times(theirs.wall(), ours.wall());
        figures::line(&format!("as fast as {name}"), &speed, ">= 3 x");
        let processor = times(theirs.processor(), ours.processor());
        figures::line(&format!("processor time of {name} to ours"), &processor, "");
    }
}

/// How the tokens that were told differ from the truth.
fn tokens(told: &Told, truth: &Sums) -> String {
    let named = TokenKind::ALL.into_iter().zip(["input", "output", "cache read", "cache writes"]);
    let wrong: Vec<_> = named
        .filter(|(kind, _)| told.tokens[*kind] != truth.tokens[*kind])
        .map(|(kind, name)| format!("{name} {}", percent(told.tokens[kind], truth.tokens[kind])))
        .collect();
    if wrong.is_empty() { "exact".to_owned() } else { wrong.join(", ") }
}

/// How the cost that was told differs from the truth.
fn cost(told: &Told, truth: &Sums) -> String {
    match told.cost {
        None => "no price".to_owned(),
        Some(cost) if cost.abs_diff(truth.cost) < ROUNDING => "exact".to_owned(),
        Some(cost) => percent(cost.unsigned_abs(), truth.cost.unsigned_abs()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
fn percent(told: u64, truth: u64) -> String {
    format!("{:+.1} %", (told as f64 / truth as f64 - 1.0) * 100.0)
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::Tokens;

    use super::*;

    /// Scenario: an answer that is true, one that counts the first telling of every answer, and one without prices.
    /// Guarantees: true is called exact; what is wrong is named with by how much.
    #[test]
    fn answers_are_held_against_the_truth() {
        let tokens_of =
            |output| Tokens { input: 10, output, cache_read: 3_000, cache_creation: 500 };
        let truth = Sums { tokens: tokens_of(200), hour: 7, requests: 1, cost: 5_000_000 };
        let told = |output, cost| Told { tokens: tokens_of(output), cost };
        let right = told(200, Some(5_000_999));
        assert_eq!((&*tokens(&right, &truth), &*cost(&right, &truth)), ("exact", "exact"));
        let wrong = told(92, Some(4_500_000));
        assert_eq!(tokens(&wrong, &truth), "output -54.0 %");
        assert_eq!(cost(&wrong, &truth), "-10.0 %");
        assert_eq!(cost(&told(200, None), &truth), "no price");
    }
}
