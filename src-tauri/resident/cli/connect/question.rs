//! Questions to whoever sits at the terminal.

use std::io::{self, BufRead, IsTerminal, Write};

use plimsoll_programs::Exit;

/// Asks at the terminal, or not at all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker {
    /// Everything is agreed to that is usual.
    is_settled: bool,
    /// Somebody can answer.
    is_terminal: bool,
}

impl Asker {
    /// Asks where standard input is a terminal, unless everything is settled.
    pub(crate) fn of_terminal(is_settled: bool) -> Self {
        let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
        Self { is_settled, is_terminal }
    }

    /// Whether somebody looks on.
    pub(crate) fn is_answered(self) -> bool {
        self.is_terminal
    }

    /// Whether it is agreed to. Where nobody can be asked, nothing is changed.
    pub(crate) fn agrees(self, question: &str, usual: bool) -> anyhow::Result<bool> {
        if self.is_settled {
            return Ok(usual);
        }
        if !self.is_terminal {
            return Err(Exit::Usage
                .because("nobody can be asked: use --yes, or --dry-run to see what would change"));
        }
        let mut out = io::stdout().lock();
        let choice = if usual { "[Y/n]" } else { "[y/N]" };
        loop {
            write!(out, "{question} {choice} ")?;
            out.flush()?;
            let mut line = String::new();
            if io::stdin().lock().read_line(&mut line)? == 0 {
                return Ok(false);
            }
            match answer(&line) {
                Some(Answer::Usual) => return Ok(usual),
                Some(Answer::Yes) => return Ok(true),
                Some(Answer::No) => return Ok(false),
                None => {}
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Usual,
    Yes,
    No,
}

fn answer(line: &str) -> Option<Answer> {
    match line.trim().to_ascii_lowercase().as_str() {
        "" => Some(Answer::Usual),
        "y" | "yes" => Some(Answer::Yes),
        "n" | "no" => Some(Answer::No),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: what people type, and what they do not mean.
    /// Guarantees: yes, no and the return key are understood; anything else is asked again.
    #[test]
    fn answers_are_understood() {
        for (line, meant) in [
            ("\n", Some(Answer::Usual)),
            ("Y\n", Some(Answer::Yes)),
            (" yes \r\n", Some(Answer::Yes)),
            ("no", Some(Answer::No)),
            ("maybe\n", None),
        ] {
            assert_eq!(answer(line), meant, "{line:?}");
        }
    }
}
