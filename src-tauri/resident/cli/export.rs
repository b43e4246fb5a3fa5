//! `plimsoll export`: what was used, as a file for other programs.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use plimsoll_domain::{Calendar, SessionId, Timestamp, calendar::parse_rfc3339};
use plimsoll_engine::{ExportError, ExportFormat, UseFilter, export};
use plimsoll_programs::{Exit, Surroundings};

use super::{command_runtime, ledger};

#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
    /// From this time on: a local date such as 2026-11-23, or 2026-11-23T04:43:43Z
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Before this time; a date is the beginning of that day
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Of this session only
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// The file to write, replaced if it is there [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    ledger: ledger::Choice,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    /// A table with a head
    Csv,
    /// The table as one array of objects
    Json,
    /// The table, one object a line
    Jsonl,
    /// Usage records as the API gives them, one object a line
    UsageRecords,
}

impl From<Format> for ExportFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Csv => Self::Csv,
            Format::Json => Self::Json,
            Format::Jsonl => Self::Jsonl,
            Format::UsageRecords => Self::UsageRecords,
        }
    }
}

pub(crate) fn run(flags: &Flags, around: &Surroundings) -> anyhow::Result<()> {
    let filter = filter(flags, &Calendar::system())?;
    let format = ExportFormat::from(flags.format);
    command_runtime()?.block_on(async {
        let mut ledger = flags.ledger.open(around).await?;
        match &flags.output {
            None => {
                let out = BufWriter::new(io::stdout().lock());
                export(&mut ledger, &filter, format, out).await.map_err(failure)?;
            }
            Some(output) => {
                let partial = Partial::beside(output)?;
                let out = BufWriter::new(&partial.file);
                export(&mut ledger, &filter, format, out).await.map_err(failure)?;
                partial.publish(output)?;
            }
        }
        Ok(())
    })
}

fn failure(error: ExportError) -> anyhow::Error {
    match error {
        ExportError::Ledger(error) => ledger::failure(&error),
        error => error.into(),
    }
}

/// The span and the session that the flags name.
fn filter(flags: &Flags, calendar: &Calendar) -> anyhow::Result<UseFilter> {
    let time = |name: &str, text: &Option<String>| -> anyhow::Result<Option<Timestamp>> {
        let Some(text) = text else { return Ok(None) };
        let time = parse_rfc3339(text).or_else(|| calendar.date_start(text));
        let wrong = || {
            Exit::Usage.because(format!(
                "{name} must be a date such as 2026-11-23 or a time such as 2026-11-23T04:43:43Z"
            ))
        };
        time.map(Some).ok_or_else(wrong)
    };
    let (from, to) = (time("--from", &flags.from)?, time("--to", &flags.to)?);
    if from.zip(to).is_some_and(|(from, to)| from >= to) {
        return Err(Exit::Usage.because("--from must be before --to"));
    }
    Ok(UseFilter { session: flags.session.as_deref().map(SessionId::new), from, to })
}

/// A file that is not whole yet; removed unless it becomes so.
struct Partial {
    file: File,
    path: PathBuf,
}

impl Partial {
    fn beside(output: &Path) -> anyhow::Result<Self> {
        let mut name = output.as_os_str().to_owned();
        name.push(".partial");
        let path = PathBuf::from(name);
        let mut options = File::options();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path);
        let file = file.with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { file, path })
    }

    fn publish(mut self, output: &Path) -> anyhow::Result<()> {
        let renamed = self.file.flush().and_then(|()| fs::rename(&self.path, output));
        renamed.with_context(|| format!("cannot write {}", output.display()))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Fails where it has its name by now, as it should.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(from: Option<&str>, to: Option<&str>) -> Flags {
        let text = |text: Option<&str>| text.map(str::to_owned);
        let (format, session) = (Format::Csv, text(Some("s-1")));
        let ledger = ledger::Choice::default();
        Flags { format, from: text(from), to: text(to), session, output: None, ledger }
    }

    /// Scenario: spans as dates and as times, open ones, an inverted one, nonsense.
    /// Guarantees: dates are local days, the end is exclusive; what cannot be read is named.
    #[test]
    fn spans_are_read() {
        let berlin = Calendar::named("Europe/Berlin").unwrap();
        let read = |from, to| filter(&flags(from, to), &berlin);
        let both = read(Some("2026-11-23"), Some("2026-11-24T00:00:00+01:00")).unwrap();
        assert_eq!(both.from, parse_rfc3339("2026-11-22T23:00:00Z"));
        assert_eq!(both.to, parse_rfc3339("2026-11-23T23:00:00Z"));
        assert_eq!(both.session, Some(SessionId::new("s-1")));
        let open = read(None, None).unwrap();
        assert_eq!((open.from, open.to), (None, None));
        assert!(read(Some("2026-11-23"), Some("2026-11-23")).is_err());
        let error = read(None, Some("tomorrow")).unwrap_err();
        assert!(error.to_string().starts_with("--to must be a date"), "{error}");
    }
}
