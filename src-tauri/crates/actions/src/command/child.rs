//! One run of a command.

use std::{
    io,
    path::Path,
    pin::{Pin, pin},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use futures_util::{FutureExt as _, future::FusedFuture};
use plimsoll_domain::CommandLine;
use tokio::{
    io::AsyncWriteExt as _,
    process::{Child, ChildStdin, Command},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{folder::working_folder, group::Group, output::Output, variables};
use crate::{Upshot, message::Message};

/// How long pipes may stay open after a command ended: what it left running may hold them for ever.
const LINGER: Duration = Duration::from_millis(100);

/// How long a command and what it started may take to end once they were asked to.
const PARTING: Duration = Duration::from_millis(500);

/// How a run ended.
enum End {
    Exit(ExitStatus),
    Lost(io::Error),
    TooLong,
    Stopped,
}

/// Runs a command to its end, or until its time is over or `stop` is cancelled; then all that it started ends too. Where
/// the project's folder is not there it works in `home`.
pub async fn run_command(
    line: &CommandLine,
    message: &Message<'_>,
    home: &Path,
    stop: &CancellationToken,
) -> Upshot {
    let folder = working_folder(message.project_path, home).await;
    let mut command = Command::new(&line.program);
    command.args(&line.arguments).current_dir(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    variables::set(&mut command, message);
    Group::prepare(&mut command);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Upshot::failed(format!("not started: {error}")),
    };
    let mut group = Group::of(&child);
    let (input, output) = (message.json(), Output::default());
    let mut pipes = pin!(attend(&mut child, &input, &output).fuse());
    let end = tokio::select! {
        status = exit_of(&mut child, pipes.as_mut()) => status.map_or_else(End::Lost, End::Exit),
        () = sleep(line.limit) => End::TooLong,
        () = stop.cancelled() => End::Stopped,
    };
    if let End::Exit(_) = end {
        group.let_go();
    } else {
        group.terminate();
        let going = async {
            let _ = child.wait().await;
            group.gone().await;
        };
        // Who does not go is killed with the group. Who says something meanwhile must not fail of it.
        let _ = timeout(PARTING, beside(pipes, going)).await;
    }
    upshot(&end, line.limit, &output.text())
}

/// Gives a command its input and reads what it prints, for as long as its pipes are open.
fn attend<'a>(
    child: &mut Child,
    input: &'a [u8],
    output: &'a Output,
) -> impl Future<Output = ()> + use<'a> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    async move {
        tokio::join!(feed(stdin, input), output.keep(stdout), output.keep(stderr));
    }
}

/// Waits for a command's own end.
async fn exit_of(
    child: &mut Child,
    mut pipes: Pin<&mut impl FusedFuture<Output = ()>>,
) -> io::Result<ExitStatus> {
    let status = beside(pipes.as_mut(), child.wait()).await;
    if !pipes.is_terminated() {
        let _ = timeout(LINGER, pipes).await;
    }
    status
}

/// Has pipes read while something is waited for.
async fn beside<T>(
    mut pipes: Pin<&mut impl FusedFuture<Output = ()>>,
    waited: impl Future<Output = T>,
) -> T {
    let mut waited = pin!(waited);
    loop {
        tokio::select! {
            outcome = &mut waited => return outcome,
            () = &mut pipes, if !pipes.is_terminated() => {}
        }
    }
}

async fn feed(stdin: Option<ChildStdin>, input: &[u8]) {
    if let Some(mut stdin) = stdin {
        // A command need not read it.
        let _ = stdin.write_all(input).await;
    }
}

fn upshot(end: &End, limit: Duration, printed: &str) -> Upshot {
    let (is_well, how) = match end {
        End::Exit(status) => (status.success(), exit(*status)),
        End::Lost(error) => (false, format!("lost: {error}")),
        End::TooLong => (false, format!("ended after {} s", limit.as_secs_f32())),
        End::Stopped => (false, "ended with Plimsoll".to_owned()),
    };
    let detail = if printed.is_empty() { how } else { format!("{how}: {printed}") };
    if is_well { Upshot::done(detail) } else { Upshot::failed(detail) }
}

fn exit(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("signal {signal}");
    }
    status.code().map_or_else(|| status.to_string(), |code| format!("exit {code}"))
}

#[cfg(unix)]
#[cfg(test)]
mod tests;
