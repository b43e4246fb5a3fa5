//! Figures on a terminal.

use std::time::Duration;

use anyhow::Result;

use crate::process::machine_load;

/// What follows is about, and how busy the machine is before it begins.
pub(crate) async fn begin(what: &str) -> Result<()> {
    println!("{what}");
    let busy = machine_load().await? * 100.0;
    line("processors busy with other things", &format!("{busy:.0} %"), "0 %");
    Ok(())
}

/// One figure beside its goal.
pub(crate) fn line(what: &str, figure: &str, goal: &str) {
    let goal = if goal.is_empty() { String::new() } else { format!("goal {goal}") };
    println!("  {what:<44} {figure:>16}   {goal}");
}

/// A table: the first row is the head, the first column is to the left.
pub(crate) fn table(rows: &[Vec<String>]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        println!("  {}", cells.collect::<Vec<_>>().join("  "));
    }
}

/// `0.42 ms`
pub(crate) fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}

/// `12.4 MB`, in units of 2^20 bytes as the goals are.
pub(crate) fn megabytes(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
    let bytes = bytes as f64;
    format!("{:.1} MB", bytes / f64::from(1 << 20))
}

/// The middle of some figures; the upper one of two middles.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(0.0)
}
