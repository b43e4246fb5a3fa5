//! The user's own status line command, run as if Plimsoll were not there: with the client's input, its environment
//! and its terminal, and with the command's own output and exit code.

use std::{
    ffi::OsString,
    io::{self, Write},
    process::{Command, ExitCode, ExitStatus, Stdio},
};

use super::PATIENCE;
use crate::cli::handover::HandOver;

/// What the shell answers when there is no such command, and when it cannot be run.
const NOT_FOUND: u8 = 127;
const NOT_RUNNABLE: u8 = 126;

/// The command; `None` without words.
pub(super) fn command(words: &[OsString]) -> Option<Command> {
    match words {
        [] => None,
        // As the client runs it.
        [script] => Some(shell(script)),
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments);
            Some(command)
        }
    }
}

#[cfg(unix)]
fn shell(script: &OsString) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(script);
    shell
}

#[cfg(not(unix))]
fn shell(script: &OsString) -> Command {
    let mut shell = Command::new("cmd");
    shell.arg("/C").arg(script);
    shell
}

/// Runs it to its end. Where that is possible it takes the place of this process: the client ends a status line that
/// is not needed any more, and then ends the command itself. What was handed over may arrive meanwhile.
pub(super) fn run(mut command: Command, input: &[u8], handed: Option<HandOver>) -> ExitCode {
    #[cfg(unix)]
    if let Ok(Some(stdin)) = filled_pipe(input) {
        if let Some(handed) = handed {
            handed.wait(PATIENCE);
            handed.bequeath();
        }
        let error = std::os::unix::process::CommandExt::exec(command.stdin(stdin));
        return refusal(&command, &error);
    }
    let ended = attended(&mut command, input);
    drop(handed);
    ended.unwrap_or_else(|error| refusal(&command, &error))
}

/// Says why the command was not run, as the shell does.
fn refusal(command: &Command, error: &io::Error) -> ExitCode {
    let program = command.get_program().to_string_lossy();
    let missing = error.kind() == io::ErrorKind::NotFound;
    let reason = if missing { "not found".to_owned() } else { error.to_string() };
    // Nobody is left to tell when this fails.
    let _said = writeln!(io::stderr(), "plimsoll: {program}: {reason}");
    ExitCode::from(if missing { NOT_FOUND } else { NOT_RUNNABLE })
}

/// A pipe that holds the whole input; `None` where it has no room for it.
#[cfg(unix)]
fn filled_pipe(input: &[u8]) -> io::Result<Option<io::PipeReader>> {
    let (reader, mut writer) = io::pipe()?;
    if input.len() > room(&writer)? {
        return Ok(None);
    }
    writer.write_all(input)?;
    Ok(Some(reader))
}

/// What an empty pipe takes without being read: 64 KiB, and less for users who have very many.
#[cfg(target_os = "linux")]
fn room(pipe: &io::PipeWriter) -> io::Result<usize> {
    Ok(rustix::pipe::fcntl_getpipe_size(pipe)?)
}

/// What every pipe takes without being read.
#[cfg(all(unix, not(target_os = "linux")))]
fn room(_pipe: &io::PipeWriter) -> io::Result<usize> {
    Ok(4096)
}

/// Runs the command beside this process, feeds it, and waits for it.
fn attended(command: &mut Command, input: &[u8]) -> io::Result<ExitCode> {
    let mut child = command.stdin(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // It may end without reading all of it.
        let _fed = stdin.write_all(input);
    }
    child.wait().map(exit_code)
}

/// The exit code as the shell tells it.
fn exit_code(status: ExitStatus) -> ExitCode {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status).map(|signal| 128 + signal);
    #[cfg(not(unix))]
    let signal = None;
    let code = status.code().or(signal).and_then(|code| u8::try_from(code).ok());
    ExitCode::from(code.unwrap_or(1))
}

#[cfg(all(test, unix))]
mod tests {
    use std::{io::Read, os::unix::process::ExitStatusExt};

    use super::*;

    fn words(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    /// Scenario: no word, one, several.
    /// Guarantees: one word is the shell's, with everything that it means there; several are run as they are.
    #[test]
    fn one_word_is_the_shells() {
        let shown = |command: &[&str]| {
            super::command(&words(command)).map(|command| format!("{command:?}"))
        };
        assert_eq!(shown(&[]), None);
        assert_eq!(shown(&["a | b"]).unwrap(), r#""/bin/sh" "-c" "a | b""#);
        assert_eq!(shown(&["a", "| b"]).unwrap(), r#""a" "| b""#);
    }

    /// Scenario: inputs of no byte, of as much as a pipe takes, and of one byte more.
    /// Guarantees: what fits waits in the pipe whole and ends there; what does not is left to the other way.
    #[test]
    fn an_input_that_fits_waits_in_a_pipe() {
        let room = room(&io::pipe().unwrap().1).unwrap();
        for size in [0, 1, room] {
            let input = vec![b'x'; size];
            let mut read = Vec::new();
            filled_pipe(&input).unwrap().unwrap().read_to_end(&mut read).unwrap();
            assert_eq!(read, input);
        }
        assert!(filled_pipe(&vec![b'x'; room + 1]).unwrap().is_none());
    }

    /// Scenario: commands that end with a code, by a signal, and without reading a large input.
    /// Guarantees: the shell's exit code of each.
    #[test]
    fn exit_codes_are_the_shells() {
        let ended =
            |script: &str| attended(&mut shell(&script.into()), &vec![b'x'; 1 << 20]).unwrap();
        assert_eq!(format!("{:?}", ended("exit 7")), format!("{:?}", ExitCode::from(7)));
        assert_eq!(format!("{:?}", ended("cat >/dev/null")), format!("{:?}", ExitCode::SUCCESS));
        let killed = exit_code(ExitStatus::from_raw(15));
        assert_eq!(format!("{killed:?}"), format!("{:?}", ExitCode::from(143)));
    }
}
