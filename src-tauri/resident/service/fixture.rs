//! What the tests of this module share: a machine that only writes down what it is told, and plans as text.

use std::{
    collections::HashMap,
    fmt::Write,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use plimsoll_client::RuntimeInfo;

use super::{
    machine::{Answer, Machine},
    plan::Step,
    platform::Platform,
    site::{Setup, Site},
};

/// A machine on which nothing happens.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    /// The commands that were run.
    pub(super) ran: Vec<String>,
    /// The processes that were asked to end.
    pub(super) ended: Vec<u32>,
    /// How many moments passed.
    pub(super) pauses: usize,
    answers: Vec<(String, Answer)>,
    programs: HashMap<u32, PathBuf>,
    drain: usize,
}

impl Recorder {
    /// Commands that begin so print this.
    pub(super) fn answering(self, command: &str, output: &str) -> Self {
        self.with(command, Answer { success: true, output: output.into(), ..Answer::default() })
    }

    /// Commands that begin so fail with this.
    pub(super) fn failing(self, command: &str, complaint: &str) -> Self {
        self.with(command, Answer { complaint: complaint.into(), ..Answer::default() })
    }

    /// A process runs this program.
    pub(super) fn running(mut self, pid: u32, program: &str) -> Self {
        self.programs.insert(pid, program.into());
        self
    }

    /// A process that is asked to end takes so many moments.
    pub(super) fn draining(self, drain: usize) -> Self {
        Self { drain, ..self }
    }

    fn with(mut self, command: &str, answer: Answer) -> Self {
        self.answers.push((command.into(), answer));
        self
    }
}

impl Machine for Recorder {
    fn run(&mut self, words: &[String]) -> io::Result<Answer> {
        let command = words.join(" ");
        let answer = self.answers.iter().find(|(begin, _)| command.starts_with(begin));
        let answer = answer.map(|(_, answer)| answer.clone());
        self.ran.push(command);
        Ok(answer.unwrap_or(Answer { success: true, ..Answer::default() }))
    }

    fn program(&self, pid: u32) -> Option<PathBuf> {
        let gone = self.ended.contains(&pid) && self.pauses >= self.drain;
        self.programs.get(&pid).filter(|_| !gone).cloned()
    }

    fn terminate(&mut self, pid: u32) -> io::Result<()> {
        self.ended.push(pid);
        Ok(())
    }

    fn pause(&mut self) -> Duration {
        self.pauses += 1;
        Duration::from_millis(50)
    }
}

/// A user's place on a machine with systemd.
pub(super) fn site() -> Site {
    Site {
        platform: Platform::Systemd,
        home: "/home/u".into(),
        config: "/home/u/.config".into(),
        uid: 501,
        stamp: "now".into(),
    }
}

/// A program of the user's own with the usual ports.
pub(super) fn setup() -> Setup {
    let local = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
    Setup {
        program: "/home/u/bin/plimsoll".into(),
        packaged: false,
        receivers: [local(4318), local(4317)],
        dashboard: local(3030),
        variables: Vec::new(),
    }
}

/// What an engine says of itself.
pub(super) fn runtime(pid: u32) -> RuntimeInfo {
    RuntimeInfo {
        pid,
        started_at: "2026-11-23T04:43:43.445Z".into(),
        version: "0.1.0".into(),
        key: String::new(),
        dashboard: Some("http://127.0.0.1:3030".into()),
        otlp_http: None,
        otlp_grpc: None,
        ledger: "/ledger.db".into(),
    }
}

/// A plan as text, a line for each step.
pub(super) fn shown(steps: &[Step]) -> String {
    let mut text = String::new();
    let slashes = |path: &Path| path.to_string_lossy().replace('\\', "/");
    for step in steps {
        // Writing to a text cannot fail.
        let _ = match step {
            Step::Write { path, text: file } => writeln!(text, "write {}\n{file}", slashes(path)),
            Step::Delete(path) => writeln!(text, "delete {}", slashes(path)),
            Step::Run(words) => writeln!(text, "run {}", words.join(" ")),
            Step::Attempt(words) => writeln!(text, "attempt {}", words.join(" ")),
        };
    }
    text
}
