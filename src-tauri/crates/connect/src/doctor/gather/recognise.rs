//! Which programs are clients.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

/// A program that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    /// Its number.
    pub(super) pid: u32,
    /// The number of the program that started it.
    pub(super) parent: Option<u32>,
    /// Its file.
    pub(super) executable: Option<PathBuf>,
    /// What it was started with, its own name first.
    pub(super) arguments: Vec<OsString>,
}

/// The clients among these, each with the nearest client above it.
pub(super) fn clients(programs: &[Program]) -> Vec<(&Program, Option<u32>)> {
    let by_pid: BTreeMap<u32, &Program> =
        programs.iter().map(|program| (program.pid, program)).collect();
    let clients = programs.iter().filter(|program| is_client(program));
    clients.map(|program| (program, above(program, &by_pid))).collect()
}

/// The nearest client above. A number can be given anew, so that two programs stand above each other: no more steps
/// are taken than there are programs.
fn above(program: &Program, by_pid: &BTreeMap<u32, &Program>) -> Option<u32> {
    let parent = |program: &&Program| by_pid.get(&program.parent?).copied();
    let mut line = std::iter::successors(parent(&program), parent).take(by_pid.len());
    line.find(|above| above.pid != program.pid && is_client(above)).map(|above| above.pid)
}

fn is_client(program: &Program) -> bool {
    let executable = program.executable.as_deref();
    let is_native = executable.is_some_and(|file| is_named(file, "claude") || is_version(file));
    let called = program.arguments.first().is_some_and(|name| is_named(Path::new(name), "claude"));
    let is_runtime =
        executable.is_some_and(|file| ["node", "bun"].iter().any(|name| is_named(file, name)));
    // What the client itself is given comes after its script.
    let script = || program.arguments.iter().skip(1).find(|word| !is_option(word));
    is_native || called || (is_runtime && script().is_some_and(|word| is_script(Path::new(word))))
}

fn is_named(file: &Path, name: &str) -> bool {
    let found = file.file_name().and_then(OsStr::to_str).unwrap_or_default();
    // A program whose file was replaced while it runs (Linux), as updates do.
    let found = found.strip_suffix(" (deleted)").unwrap_or(found);
    found.strip_suffix(".exe").unwrap_or(found) == name
}

/// Whether this is the native program at its own place, `.../claude/versions/2.1.330`.
fn is_version(file: &Path) -> bool {
    file.parent().is_some_and(|folder| folder.ends_with("claude/versions"))
}

/// Whether this is the client's script: by its place in the package, or by the name under which it is installed.
fn is_script(file: &Path) -> bool {
    file.ends_with("claude-code/cli.js") || is_named(file, "claude")
}

fn is_option(word: &OsStr) -> bool {
    word.as_encoded_bytes().starts_with(b"-")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Program, clients, is_client};

    fn program(pid: u32, parent: u32, line: &str) -> Program {
        let mut words = line.split(' ');
        let executable = words.next().map(Into::into);
        Program {
            pid,
            parent: Some(parent),
            executable,
            arguments: words.map(Into::into).collect(),
        }
    }

    /// Scenario: clients in every way of installing them, and programs that look alike. The first word is the file,
    /// the others are what it was started with.
    /// Guarantees: the former are clients, the latter are not.
    #[test]
    fn clients_are_told_from_others() {
        for line in [
            "/home/a/.local/share/claude/versions/2.1.330 claude --continue",
            "/usr/bin/claude claude",
            "/usr/bin/claude (deleted) claude",
            "/usr/bin/node claude",
            "/usr/bin/node node --no-warnings /usr/lib/node_modules/@anthropic-ai/claude-code/cli.js -p",
            "/usr/bin/node node /usr/local/bin/claude",
            "/opt/bun bun /x/claude-code/cli.js",
            "C:/x/claude.exe C:/x/claude.exe",
        ] {
            assert!(is_client(&program(1, 0, line)), "{line}");
        }
        for line in [
            "/usr/bin/plimsoll plimsoll doctor",
            "/usr/bin/vim vim /x/claude-code/cli.js",
            "/usr/bin/node node server.js /x/claude-code/cli.js",
            "/usr/bin/bash bash /home/a/claude",
            "/usr/bin/claude-desktop claude-desktop",
            "/Applications/Claude.app/Contents/MacOS/Claude Claude",
            "/usr/bin/grep grep claude",
        ] {
            assert!(!is_client(&program(1, 0, line)), "{line}");
        }
    }

    /// Scenario: a client in a shell, with a client in a shell of its own, and two programs above each other.
    /// Guarantees: the nearest client above is found through others, and a circle ends.
    #[test]
    fn the_client_above_is_found() {
        let programs = [
            program(1, 0, "/bin/bash bash"),
            program(2, 1, "/usr/bin/claude claude"),
            program(3, 2, "/bin/sh sh -c x"),
            program(4, 3, "/usr/bin/claude claude -p"),
            program(5, 6, "/usr/bin/claude claude"),
            program(6, 5, "/bin/sh sh"),
        ];
        let found: Vec<_> =
            clients(&programs).into_iter().map(|(program, above)| (program.pid, above)).collect();
        assert_eq!(found, [(2, None), (4, Some(2)), (5, None)]);
    }

    proptest! {
        /// Scenario: unrelated programs of any name run beside a client.
        /// Guarantees: what is found does not change.
        #[test]
        fn unrelated_programs_change_nothing(lines in prop::collection::vec("/[a-z]{1,8} [a-z/ .-]{0,20}", 0..8)) {
            let ours = [program(1, 0, "/bin/bash bash"), program(2, 1, "/usr/bin/claude claude")];
            let others = lines.iter().zip(10..).map(|(line, pid)| program(pid, 2, line));
            let others = others.filter(|program| !is_client(program));
            let all: Vec<_> = ours.iter().cloned().chain(others).collect();
            prop_assert_eq!(clients(&all), clients(&ours));
        }
    }
}
