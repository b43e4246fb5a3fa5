//! Real commands.

use std::{io::Read as _, path::PathBuf, time::Instant};

use plimsoll_domain::ActionResult;
use rustix::{
    fs::{CWD, Mode, mkfifoat},
    process::{Pid, Signal, kill_process},
};
use tempfile::TempDir;
use tokio::{
    sync::oneshot,
    task::{JoinHandle, spawn_blocking},
};

use super::*;
use crate::message::tests::alert;

/// Time that no command here needs, and within which a time-out is noticed.
const LONG: Duration = Duration::from_secs(20);

fn shell(script: &str, limit: Duration) -> CommandLine {
    let arguments = vec!["-c".to_owned(), script.to_owned()];
    CommandLine { program: "/bin/sh".to_owned(), arguments, limit }
}

/// What became of a command in a home of its own, where no project is known.
async fn ran(home: &TempDir, line: &CommandLine) -> Upshot {
    ran_until(home, line, &CancellationToken::new()).await
}

async fn ran_until(home: &TempDir, line: &CommandLine, stop: &CancellationToken) -> Upshot {
    let alert = alert();
    let message = Message::of(&alert, None, false);
    run_command(line, &message, home.path(), stop).await
}

fn home() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Scenario: a command that prints its input, two of its variables and its folder.
/// Guarantees: the message comes on standard input, the variables are there, it works in the project's folder; what it
/// prints on both streams is kept with its exit code.
#[tokio::test]
async fn a_command_is_given_the_alert() {
    let home = home();
    let project = home.path().join("engine");
    std::fs::create_dir(&project).unwrap();
    let alert = alert();
    let message = Message::of(&alert, project.to_str(), false);
    let script = "cat; echo; echo $PLIMSOLL_LEVEL $PLIMSOLL_TURNS_LEFT >&2; pwd";
    let (line, stop) = (shell(script, LONG), CancellationToken::new());
    let Upshot { result, detail } = run_command(&line, &message, home.path(), &stop).await;
    let json = String::from_utf8(message.json()).unwrap();
    assert_eq!(result, ActionResult::Done);
    assert!(detail.starts_with("exit 0: "), "{detail}");
    for part in [&json, "checkpoint 4", project.canonicalize().unwrap().to_str().unwrap()] {
        assert!(detail.contains(part), "{part} in {detail}");
    }
}

/// Scenario: commands that fail, are killed, are not there, and may not be run.
/// Guarantees: each is told in its own words as failed.
#[tokio::test]
async fn failures_say_why() {
    let home = home();
    let direct = |program: &str| CommandLine {
        program: program.to_owned(),
        arguments: Vec::new(),
        limit: LONG,
    };
    for (line, wished) in [
        (shell("echo no >&2; exit 3", LONG), "exit 3: no"),
        (shell("kill -9 $$", LONG), "signal 9"),
        (direct("/nowhere/at-all"), "not started: No such file or directory (os error 2)"),
        (direct("/etc/passwd"), "not started: Permission denied (os error 13)"),
    ] {
        assert_eq!(ran(&home, &line).await, Upshot::failed(wished));
    }
}

/// Scenario: a program and arguments that a shell would take apart.
/// Guarantees: there is no shell: they are handed over as they are.
#[tokio::test]
async fn no_shell_comes_between() {
    let arguments = ["%s|", "a b", "$HOME", ";", "*"].map(str::to_owned).to_vec();
    let line = CommandLine { program: "printf".to_owned(), arguments, limit: LONG };
    assert_eq!(ran(&home(), &line).await, Upshot::done("exit 0: a b|$HOME|;|*|"));
}

/// Scenario: a command prints a hundred times what is kept, on both streams, and does not read its input.
/// Guarantees: it runs to its end; the beginning is kept.
#[tokio::test]
async fn much_output_blocks_nothing() {
    let script =
        "head -c 400000 /dev/zero | tr '\\0' x; head -c 400000 /dev/zero | tr '\\0' y >&2; exit 7";
    let upshot = ran(&home(), &shell(script, LONG)).await;
    assert!(upshot.detail.starts_with("exit 7: xxx"), "{}", &upshot.detail[..20]);
    assert_eq!(upshot.detail.len(), "exit 7: ".len() + 4096);
}

/// Scenario: a command ends and leaves a process behind that holds its pipes open.
/// Guarantees: it has ended, and is not waited for any longer; what it left lives on.
#[tokio::test]
async fn what_a_command_leaves_behind_is_not_waited_for() {
    let began = Instant::now();
    let upshot = ran(&home(), &shell("sleep 600 & echo $!", LONG)).await;
    assert!(began.elapsed() < LONG / 2, "{:?}", began.elapsed());
    let left = upshot.detail.strip_prefix("exit 0: ").unwrap().parse().unwrap();
    let left = Pid::from_raw(left).unwrap();
    kill_process(left, Signal::KILL).expect("it lives");
}

/// A command that starts another one; both wait and do not heed being asked to end. Both hold a pipe open.
fn stubborn(pipe: &Path, limit: Duration) -> CommandLine {
    let deaf = "trap '' TERM; while :; do sleep 600; done";
    shell(&format!("trap '' TERM; exec 5>{}; ({deaf}) & {deaf}", pipe.display()), limit)
}

/// A pipe, when somebody holds it, and when nobody does any more.
fn pipe(home: &TempDir) -> (PathBuf, oneshot::Receiver<()>, JoinHandle<()>) {
    let path = home.path().join("pipe");
    mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR).unwrap();
    let (held, is_held) = oneshot::channel();
    let opened = path.clone();
    let is_left = spawn_blocking(move || {
        let mut pipe = std::fs::File::open(opened).unwrap();
        held.send(()).unwrap();
        assert_eq!(pipe.read(&mut [0]).unwrap(), 0);
    });
    (path, is_held, is_left)
}

/// Scenario: a command and what it started do not heed being asked to end, and its time is over.
/// Guarantees: it is ended soon with all that it started, and it is said why.
#[tokio::test]
async fn a_command_whose_time_is_over_ends_with_all_that_it_started() {
    let home = home();
    let (path, is_held, is_left) = pipe(&home);
    let upshot = ran(&home, &stubborn(&path, Duration::from_millis(1_500))).await;
    assert_eq!(upshot, Upshot::failed("ended after 1.5 s"));
    is_held.await.unwrap();
    is_left.await.unwrap();
}

/// Scenario: a command's time is over; its leader ends as soon as it is asked to, what it started prints and writes a
/// file first.
/// Guarantees: it is waited for what was started too; what that prints is kept.
#[tokio::test]
async fn what_a_command_started_has_time_to_end_too() {
    let home = home();
    let save = "echo saving; sleep 0.2; echo >saved; exit";
    let script =
        format!("(trap '{save}' TERM; while :; do sleep 0.01; done) 2>&- & exec sleep 600");
    let upshot = ran(&home, &shell(&script, Duration::from_millis(1_500))).await;
    assert_eq!(upshot, Upshot::failed("ended after 1.5 s: saving"));
    assert!(home.path().join("saved").exists());
}

/// Scenario: Plimsoll ends while such a command runs.
/// Guarantees: the command ends with all that it started, and it is said why.
#[tokio::test]
async fn a_command_ends_with_plimsoll() {
    let home = home();
    let (path, is_held, is_left) = pipe(&home);
    let stop = CancellationToken::new();
    let line = stubborn(&path, LONG);
    let (upshot, ()) = tokio::join!(ran_until(&home, &line, &stop), async {
        is_held.await.unwrap();
        stop.cancel();
    });
    assert_eq!(upshot, Upshot::failed("ended with Plimsoll"));
    is_left.await.unwrap();
}

/// Scenario: whoever waits for a command is dropped.
/// Guarantees: the command ends with all that it started.
#[tokio::test]
async fn a_command_does_not_outlive_who_waits_for_it() {
    let home = home();
    let (path, is_held, is_left) = pipe(&home);
    let line = stubborn(&path, LONG);
    tokio::select! {
        upshot = ran(&home, &line) => panic!("{upshot:?}"),
        held = is_held => held.unwrap(),
    }
    is_left.await.unwrap();
}
