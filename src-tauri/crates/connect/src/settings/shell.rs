//! Commands in settings. Each does no harm where Plimsoll is gone.

/// A word for a POSIX shell, quoted whatever it says.
pub(super) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A word for a POSIX shell, quoted where it must be.
pub(super) fn word(word: &str) -> String {
    let plain =
        |character: char| character.is_ascii_alphanumeric() || "/._-+=:,@%".contains(character);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { quoted(word) }
}

/// The command of a hook.
pub(super) fn hook(program: &str) -> String {
    let program = word(program);
    format!("if [ -x {program} ]; then exec {program} hook; fi")
}

/// The command of a status line that shows what the user's own command prints; without one, Plimsoll's line.
pub(super) fn status_line(program: &str, own: Option<&str>) -> String {
    let program = word(program);
    match own.map(quoted) {
        // `eval` leaves the command in the shell in which the client runs it.
        Some(own) => format!(
            "if [ -x {program} ]; then exec {program} statusline -- {own}; else eval {own}; fi"
        ),
        None => format!("if [ -x {program} ]; then exec {program} statusline; fi"),
    }
}

/// Whether a command runs Plimsoll for this purpose, `hook` or `statusline`.
pub(super) fn runs(command: &str, program: &str, purpose: &str) -> bool {
    let bare = |text: &str| text.replace(['\'', '"', '\\'], "");
    let (command, program) = (bare(command), bare(program));
    ["plimsoll", "plimsoll.exe", &program]
        .iter()
        .any(|name| command.contains(&format!("{name} {purpose}")))
}

/// The user's own command in one of ours; `None` where there is none.
pub(super) fn own(command: &str) -> Option<String> {
    let (_, rest) = command.split_once(" statusline")?;
    let words = rest.trim_start().strip_prefix("--")?.trim();
    let unquoted = unquote(words).filter(|(_, tail)| tail.is_empty() || tail.starts_with("; else"));
    let own = unquoted.map_or_else(|| words.to_owned(), |(word, _)| word);
    (!own.is_empty()).then_some(own)
}

/// A word as [`quoted`] writes it, and what follows.
fn unquote(text: &str) -> Option<(String, &str)> {
    let (mut word, mut rest) = (String::new(), text.strip_prefix('\'')?);
    loop {
        let (part, after) = rest.split_once('\'')?;
        word += part;
        match after.strip_prefix(r"\''") {
            Some(more) => {
                word.push('\'');
                rest = more;
            }
            None => return Some((word, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: [&str; 6] =
        ["date", "echo 'a b' | cat # end", "it's", "a\nb", "~/x.sh \"$HOME\"", "'"];

    /// Scenario: commands with quotes, comments and line breaks are wrapped, for programs with and without spaces.
    /// Guarantees: they are known as ours, and what was wrapped comes out unchanged.
    #[test]
    fn what_is_wrapped_comes_out() {
        for program in ["/usr/bin/plimsoll", "/opt/it's here/Plimsoll.AppImage"] {
            for command in OWN {
                let wrapped = status_line(program, Some(command));
                assert!(runs(&wrapped, program, "statusline"), "{wrapped}");
                assert_eq!(own(&wrapped).as_deref(), Some(command), "{wrapped}");
            }
            assert_eq!(own(&status_line(program, None)), None);
            assert!(runs(&hook(program), program, "hook"));
        }
    }

    /// Scenario: entries that were written by hand, as the README showed them.
    /// Guarantees: they are ours, with the user's command in them.
    #[test]
    fn what_was_written_by_hand_is_known() {
        assert!(runs("plimsoll hook", "/p", "hook"));
        assert!(runs("'/a b/plimsoll' hook", "/p", "hook"));
        assert!(!runs("echo plimsoll", "/p", "hook"));
        assert_eq!(own("plimsoll statusline -- 'a b'").as_deref(), Some("a b"));
        assert_eq!(own("plimsoll statusline -- a 'b c'").as_deref(), Some("a 'b c'"));
        assert_eq!(own("plimsoll statusline"), None);
    }

    /// Scenario: the wrapped command is run where no Plimsoll is, with input, an exit code and a comment at its end.
    /// Guarantees: input, output and exit code are the command's own; a hook says nothing and ends with 0.
    #[cfg(unix)]
    #[test]
    fn nothing_is_missed_without_plimsoll() {
        use std::{
            io::Write,
            process::{Command, Stdio},
        };
        let run = |command: &str| {
            let mut shell = Command::new("/bin/sh");
            shell.args(["-c", command]).stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = shell.spawn().unwrap();
            child.stdin.take().unwrap().write_all(b"in").unwrap_or_default();
            let output = child.wait_with_output().unwrap();
            (String::from_utf8(output.stdout).unwrap(), output.status.code())
        };
        let own = "cat; printf \" it's\"; exit 3 # done";
        let wrapped = status_line("/nowhere/plim soll", Some(own));
        assert_eq!(run(&wrapped), ("in it's".to_owned(), Some(3)));
        assert_eq!(run(&hook("/nowhere/plimsoll")), (String::new(), Some(0)));
    }
}
