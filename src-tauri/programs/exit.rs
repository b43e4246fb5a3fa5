//! How a program ends.

use std::{
    fmt,
    io::{self, Write},
    process::ExitCode,
};

/// How a program ends, as a number for other programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything was done.
    Done,
    /// Something went wrong.
    Failed,
    /// Wrong arguments, or a configuration that cannot be used.
    Usage,
    /// No engine runs.
    NotRunning,
    /// What was waited for did not come in time; only of commands that wait.
    TimeOver,
    /// What was waited for cannot come any more, because the session has ended; only of commands that wait.
    SessionEnded,
    /// Something needed is not available (`EX_UNAVAILABLE` of sysexits.h).
    Unavailable,
}

/// An end with a sentence for people, and a number for programs.
#[derive(Debug)]
struct Ended {
    exit: Exit,
    sentence: String,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for Ended {}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            // Commands that wait say 1 where no engine runs.
            Self::NotRunning | Self::TimeOver => 3,
            Self::SessionEnded => 4,
            Self::Unavailable => 69,
        }
    }

    /// Ends the program this way.
    #[must_use]
    pub fn because(self, sentence: impl fmt::Display) -> anyhow::Error {
        Ended { exit: self, sentence: sentence.to_string() }.into()
    }

    /// Ends the program this way; everything was said already.
    #[must_use]
    pub fn quietly(self) -> anyhow::Error {
        self.because("")
    }
}

/// The exit code of an outcome; says on standard error why `program` ends, where something went wrong.
#[must_use]
pub fn exit_code(program: &str, outcome: anyhow::Result<()>) -> ExitCode {
    let exit = outcome.err().map_or(Exit::Done, |error| report(program, &error));
    ExitCode::from(exit.code())
}

/// A reader that went away, such as `head`, is no failure.
fn report(program: &str, error: &anyhow::Error) -> Exit {
    let broken_pipe = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    if error.chain().filter_map(|cause| cause.downcast_ref()).any(broken_pipe) {
        return Exit::Done;
    }
    let sentence = format!("{error:#}");
    if !sentence.is_empty() {
        // Nobody is left to tell when this fails.
        let _ = writeln!(io::stderr(), "{program}: {sentence}");
    }
    error.downcast_ref().map_or(Exit::Failed, |ended: &Ended| ended.exit)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a reader that went away, an end with a code of its own, any other error.
    /// Guarantees: 0, its code, 1.
    #[test]
    fn errors_become_exit_codes() {
        let pipe = anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(report("test", &pipe.context("printing")), Exit::Done);
        let not_running = Exit::NotRunning.because("no").context("status");
        assert_eq!(report("test", &not_running), Exit::NotRunning);
        assert_eq!(report("test", &anyhow::anyhow!("anything")), Exit::Failed);
    }
}
