//! `plimsoll hook` and `plimsoll statusline`, fed with what the client gave its hooks and its status line, and the
//! endpoints that they hand it to.

use std::{
    fs,
    io::Write as _,
    net::{Ipv4Addr, SocketAddr},
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use plimsoll_testkit::{Start, TestResident};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::mpsc,
};

use crate::house::{folder, resident, start, until};

const KEY: &str = "the key of a stand-in";

/// How long a command may take where Plimsoll hangs; far more than it ever should, far less than a hang.
const SOON: Duration = Duration::from_secs(3);

/// The client: what it runs, and with what.
struct Client<'a> {
    start: &'a Start,
    /// The environment besides that of a resident.
    variables: Vec<(&'a str, &'a str)>,
}

impl<'a> Client<'a> {
    fn of(start: &'a Start) -> Self {
        Self { start, variables: Vec::new() }
    }

    fn begin(&self, arguments: &[&str], input: &[u8]) -> Child {
        let root = self.start.root();
        let mut child = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", root.join("home"))
            .env("XDG_RUNTIME_DIR", root.join("run"))
            .env("XDG_STATE_HOME", root.join("state"))
            .envs(self.variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        feed(&mut child, input);
        child
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Output {
        self.begin(arguments, input).wait_with_output().unwrap()
    }

    /// Hands over a hook's input, which nobody may notice.
    fn hook(&self, input: &[u8]) {
        let ended = self.run(&["hook"], input);
        assert_eq!(ended.status.code(), Some(0));
        assert_eq!((said(&ended.stdout), said(&ended.stderr)), ("", ""));
    }

    /// Runs the status line around `cat`, which shows its input.
    fn status_line(&self, input: &[u8]) {
        let ended = self.run(&["statusline", "--", "cat"], input);
        assert_eq!(ended.status.code(), Some(0));
        assert!(ended.stdout == input, "{}", said(&ended.stdout));
        assert_eq!(said(&ended.stderr), "");
    }
}

/// Gives it its input, beside whoever reads its output.
fn feed(child: &mut Child, input: &[u8]) {
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // A command may end without reading it.
    thread::spawn(move || stdin.write_all(&input));
}

fn said(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// What the client gave its hooks or its status line in a recorded session, one by one.
fn samples(capture: &str, file: &str) -> Vec<Vec<u8>> {
    let lines = fs::read_to_string(folder(capture).join(file)).unwrap();
    lines.lines().map(|line| line.as_bytes().to_vec()).collect()
}

fn hooks() -> Vec<Vec<u8>> {
    [samples("interactive", "hooks.jsonl"), samples("hooks-print-mode", "hooks.jsonl")].concat()
}

fn status_lines() -> Vec<Vec<u8>> {
    samples("interactive", "statusline.jsonl")
}

/// Says in `runtime.json` that Plimsoll runs at this address.
fn announce(start: &Start, address: SocketAddr) {
    let info = json!({
        "pid": 1, "startedAt": "2026-11-23T12:00:00Z", "version": "0.1.0", "key": KEY,
        "dashboard": format!("http://{address}"), "otlpHttp": null, "otlpGrpc": null,
        "ledger": "/nowhere/ledger.db",
    });
    write_runtime_file(&start.runtime_file(), info.to_string().as_bytes());
}

fn write_runtime_file(path: &Path, content: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// A stand-in for Plimsoll that tells what it was sent: head and body of each request.
async fn stand_in(start: &Start) -> mpsc::UnboundedReceiver<(String, Vec<u8>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    announce(start, listener.local_addr().unwrap());
    let (requests, received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let request = serve(&mut client).await;
            if requests.send(request).is_err() {
                break;
            }
        }
    });
    received
}

async fn serve(client: &mut TcpStream) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        assert!(client.read_buf(&mut bytes).await.unwrap() > 0, "{}", said(&bytes));
    };
    let head = said(&bytes[..end]).to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap();
    let mut body = bytes.split_off(end + 4);
    while body.len() < length.parse().unwrap() {
        assert!(client.read_buf(&mut body).await.unwrap() > 0);
    }
    client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    (head, body)
}

/// Scenario: every recorded input of hooks and status line goes to the commands, while something listens.
/// Guarantees: each is handed over once, byte for byte, with the key; the hook says nothing and ends with 0, the user's
/// command has the same input.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_handed_over() {
    let start = start();
    let client = Client::of(&start);
    let mut received = stand_in(&start).await;
    for (path, inputs) in [("hooks/claude-code", hooks()), ("hooks/status-line", status_lines())] {
        for input in inputs {
            if path.ends_with("claude-code") {
                client.hook(&input);
            } else {
                client.status_line(&input);
            }
            let (head, body) = received.recv().await.unwrap();
            assert!(head.starts_with(&format!("post /{path} http/1.1\r\n")), "{head}");
            assert!(head.contains(&format!("x-plimsoll-key: {KEY}\r\n")), "{head}");
            assert!(body == input, "{}", said(&body));
        }
    }
    assert!(received.try_recv().is_err());
}

/// Scenario: the same straight to the endpoints of a running resident, then over the commands; what is no JSON, of no
/// event, and too large.
/// Guarantees: every client goes on undisturbed; what cannot be used is counted; only what is too large is refused, and
/// that is counted too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resident_takes_everything() {
    let house = resident().await;
    let api = house.api().unwrap();
    let post = async |path: &str, body: Vec<u8>| {
        let answer = api.post(path, &[], body).await.unwrap();
        (answer.status.as_u16(), answer.text())
    };
    let garbage = [&b"{"[..], b"\xff\x00", b"", b"[]"].map(<[u8]>::to_vec);
    for hook in hooks().into_iter().chain(garbage.clone()) {
        assert_eq!(post("/hooks/claude-code", hook).await, (200, String::new()));
    }
    for status in status_lines().into_iter().chain(garbage.clone()) {
        assert_eq!(post("/hooks/status-line", status).await, (200, String::new()));
    }
    let large = vec![b' '; 16 * 1024 * 1024 + 1];
    assert_eq!(post("/hooks/claude-code", large.clone()).await.0, 413);
    let good = u64::try_from(hooks().len() + status_lines().len()).unwrap();
    assert_eq!(handed(&house, "accepted").await, good);
    assert_eq!(handed(&house, "malformed").await, 8);
    assert_eq!(handed(&house, "too-large").await, 1);

    let client = Client::of(house.start());
    for hook in hooks().into_iter().chain(garbage.clone()).chain([large]) {
        client.hook(&hook);
    }
    for status in status_lines().into_iter().chain(garbage) {
        client.status_line(&status);
    }
}

/// How much of what was handed over went this way.
async fn handed(house: &TestResident, way: &str) -> u64 {
    let health = house.api().unwrap().json("/api/v1/health").await.unwrap();
    let mut counters = health["counters"].as_array().unwrap().iter();
    let counter = counters
        .find(|counter| counter["name"] == "door.handed" && counter["label"] == way)
        .unwrap();
    counter["value"].as_u64().unwrap()
}

/// Scenario: Plimsoll answers late: a hook within its patience, the status line when the user's command already runs.
/// Guarantees: the hook waits for the answer; the connection of the status line outlasts the start of the command,
/// because Plimsoll takes nothing from a connection that is closed.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_late_still_arrives() {
    const LATE: Duration = Duration::from_millis(30);
    let start = start();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    announce(&start, listener.local_addr().unwrap());
    let late = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        tokio::time::sleep(LATE).await;
        serve(&mut connection).await;
        listener
    });
    let begun = Instant::now();
    Client::of(&start).hook(&hooks()[0]);
    assert!(begun.elapsed() >= LATE);
    let listener = late.await.unwrap();

    let words = ["statusline", "--", "sleep", "1000"];
    let mut line = Client::of(&start).begin(&words, &status_lines()[0]);
    let (mut connection, _) = listener.accept().await.unwrap();
    until_it_is(&line, "sleep").await;
    assert!(serve(&mut connection).await.1 == status_lines()[0]);
    let closed = tokio::time::timeout(LATE, connection.read_u8()).await;
    assert!(closed.is_err(), "{closed:?}");
    line.kill().unwrap();
    line.wait().unwrap();
}

/// Waits until a process has become this program.
async fn until_it_is(process: &Child, program: &str) {
    let name = format!("/proc/{}/comm", process.id());
    until("the command", async || {
        (fs::read_to_string(&name).unwrap().trim() == program).then_some(())
    })
    .await;
}

/// Scenario: Plimsoll does not run: nothing says so, its file is left over, is no JSON, or names no address; there is no
/// home.
/// Guarantees: the commands do all else that they do.
#[tokio::test]
async fn without_plimsoll_nothing_is_missed() {
    let start = start();
    let closed = {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.local_addr().unwrap()
    };
    let files: [&dyn Fn(); 5] = [
        &|| {},
        &|| announce(&start, closed),
        &|| write_runtime_file(&start.runtime_file(), b"{\"pid\":"),
        &|| write_runtime_file(&start.runtime_file(), b"\xff"),
        &|| write_runtime_file(&start.runtime_file(), b"{\"dashboard\":null}"),
    ];
    for prepare in files {
        prepare();
        let mut client = Client::of(&start);
        for variables in [vec![], vec![("HOME", ""), ("XDG_RUNTIME_DIR", "")]] {
            client.variables = variables;
            client.hook(&hooks()[0]);
            client.status_line(&status_lines()[0]);
        }
    }
    let client = Client::of(&start);
    for hook in hooks() {
        client.hook(&hook);
    }
    for status in status_lines() {
        client.status_line(&status);
    }
}

/// Scenario: commands with binary output, output on both ways, an exit code, arguments with blanks, variables, a large
/// input, and an input that they do not read; run by the shell and as they are.
/// Guarantees: what comes out is what comes out without Plimsoll.
#[tokio::test]
async fn the_users_line_is_unchanged() {
    let start = start();
    let client = Client { start: &start, variables: vec![("MINE", "a variable of mine")] };
    let binary: Vec<u8> = (0..=255).cycle().take(1_000_000).collect();
    let script = r#"head -c 1000; printf '\000\377\r\n'; printf 'trouble' >&2; exit 42"#;
    for (input, words) in [
        (&b"{}"[..], &["printf '%s' \"$MINE\"; exit 3"][..]),
        (b"{}", &["printf", "%s|", "a  b", "$MINE", "*", ""]),
        (b"", &["wc", "-c"]),
        (&binary, &["cat"]),
        (&binary, &["exit 7"]),
        (&binary, &[script]),
        (&binary[..2_000], &[script]),
        (&binary, &["sh", "-c", "kill -9 $$"]),
    ] {
        let ended = client.run(&[&["statusline", "--"], words].concat(), input);
        let plain = unwrapped(words, &client, input);
        assert!(ended.stdout == plain.stdout, "{words:?}");
        assert_eq!(said(&ended.stderr), said(&plain.stderr), "{words:?}");
        // Around a large input stays this process, which tells of a signal as the shell does.
        let code = |ended: &Output| {
            ended.status.code().or_else(|| ended.status.signal().map(|signal| 128 + signal))
        };
        assert_eq!(code(&ended), code(&plain), "{words:?}");
    }
}

/// A command as the client runs it without Plimsoll.
fn unwrapped(words: &[&str], client: &Client<'_>, input: &[u8]) -> Output {
    let mut command = match words {
        [script] => {
            let mut shell = Command::new("/bin/sh");
            shell.args(["-c", script]);
            shell
        }
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments);
            command
        }
        [] => unreachable!("every command here has words"),
    };
    let child = command
        .envs(client.variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = child.spawn().unwrap();
    feed(&mut child, input);
    child.wait_with_output().unwrap()
}

/// Scenario: a command that does not exist, and one that is no program, run as they are and by the shell.
/// Guarantees: one short line on standard error, and the shell's exit code.
#[tokio::test]
async fn a_missing_command_is_told_as_by_the_shell() {
    let start = start();
    let client = Client::of(&start);
    for (words, code) in [
        (&["there-is-no-such-command"][..], 127),
        (&["there-is-no-such-command", "-x"], 127),
        (&["/etc/passwd", "-x"], 126),
    ] {
        let ended = client.run(&[&["statusline"], words].concat(), b"{}");
        assert_eq!(ended.status.code(), Some(code), "{words:?}");
        assert_eq!(said(&ended.stdout), "");
        assert_eq!(said(&ended.stderr).lines().count(), 1, "{}", said(&ended.stderr));
    }
}

/// Scenario: no command: all recorded status lines, one without a context, and inputs that say nothing.
/// Guarantees: one line each, without control characters where NO_COLOR is set, and never a failure.
#[tokio::test]
async fn plimsoll_has_a_line_of_its_own() {
    let start = start();
    let client = Client { start: &start, variables: vec![("NO_COLOR", "1")] };
    let line = |input: &[u8]| {
        let ended = client.run(&["statusline"], input);
        assert_eq!((ended.status.code(), said(&ended.stderr)), (Some(0), ""));
        said(&ended.stdout).to_owned()
    };
    let lines: Vec<String> = status_lines().iter().map(|input| line(input)).collect();
    assert_eq!(lines[0], "Sonnet 4.6  context not known yet  $0.00\n");
    assert_eq!(lines[1], "Sonnet 4.6  [##---------------|...]  15k of 167k  $0.02\n");
    for line in &lines {
        assert_eq!(line.chars().filter(|character| character.is_control()).count(), 1, "{line}");
    }
    for nothing in [&b""[..], b"{", b"\xff", b"{\"session_id\":\"s\"}"] {
        assert_eq!(line(nothing), "\n");
    }
}

/// Scenario: something listens where Plimsoll should, and accepts without ever answering, or never accepts.
/// Guarantees: neither command waits for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hanging_plimsoll_holds_nobody_up() {
    let start = start();
    let client = Client::of(&start);
    let accepting = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = accepting.local_addr().unwrap();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((client, _)) = accepting.accept().await {
            held.push(client);
        }
    });
    announce(&start, address);
    assert_quick(&client);

    let full = TcpSocket::new_v4().unwrap();
    full.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let full = full.listen(1).unwrap();
    let address = full.local_addr().unwrap();
    let mut waiting = Vec::new();
    let connect = || tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address));
    while let Ok(Ok(stream)) = connect().await {
        waiting.push(stream);
    }
    announce(&start, address);
    assert_quick(&client);
    drop((full, waiting));
}

fn assert_quick(client: &Client<'_>) {
    let large = vec![b' '; 12 * 1024 * 1024];
    for input in [&hooks()[0], &large] {
        let begun = Instant::now();
        client.hook(input);
        client.status_line(input);
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    }
}

/// Scenario: the client ends the status line while the user's command runs, because a newer one is wanted.
/// Guarantees: it ends the command itself; nothing is left behind.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_ended_line_leaves_nothing_behind() {
    let start = start();
    let mut child = Client::of(&start).begin(&["statusline", "--", "sleep", "1000"], b"{}");
    until_it_is(&child, "sleep").await;
    child.kill().unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.signal(), Some(9));
}

/// Scenario: a hook with words on its command line that it does not know.
/// Guarantees: it does its work and ends with 0: with 2 it would stop the client.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hook_never_fails() {
    let start = start();
    let mut received = stand_in(&start).await;
    let ended = Client::of(&start).run(&["hook", "--event", "Stop", "x", "--", "-y"], b"{}");
    assert_eq!((ended.status.code(), said(&ended.stderr)), (Some(0), ""));
    assert_eq!(received.recv().await.unwrap().1, b"{}");
}
