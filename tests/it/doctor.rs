//! The doctor with real processes: who sends, who does not, and why.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

use plimsoll_testkit::Start;
use serde_json::{Value, json};

use crate::{
    connect::{plimsoll, said, settings, told, write},
    house::{PATIENCE, start},
};

/// A stand-in for the client: a process with its name, a terminal's worth of patience, and an export to send.
struct Client(Child);

impl Client {
    /// Starts one in this folder, which exports to `to` first, where that is given, and then waits.
    fn start(house: &Start, folder: &Path, to: Option<SocketAddr>) -> Self {
        let program = house.root().join("claude");
        if !program.exists() {
            fs::copy("/bin/bash", &program).unwrap();
        }
        let body = r#"{"resourceLogs":[]}"#;
        let request = format!(
            "POST /v1/logs HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            to.map_or_else(String::new, |to| to.to_string()),
            body.len()
        );
        let script = match to {
            Some(to) => format!(
                "exec 3<>/dev/tcp/{}/{}; printf '%s' \"$REQUEST\" >&3; read -r line <&3; echo \"$line\"; read -r line",
                to.ip(),
                to.port()
            ),
            None => "echo ready; read -r line".to_owned(),
        };
        let mut child = Command::new(program)
            .args(["-c", &script])
            .env_clear()
            .env("HOME", house.home())
            .env("REQUEST", request)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // It is as it is to be found once it has said something.
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("200") || line.contains("ready"), "{line}");
        Self(child)
    }

    fn in_report(&self, report: &Value) -> Value {
        let clients = report["clients"].as_array().unwrap().iter();
        let mut own = clients.filter(|client| client["pid"] == self.0.id());
        own.next().unwrap_or_else(|| panic!("{} is not in {report}", self.0.id())).clone()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.0.stdin.take().map(|mut stdin| stdin.write_all(b"\n"));
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Scenario: a client runs with telemetry off, another sends; the settings are connected by `doctor --fix`.
/// Guarantees: each is recognised by what it does, the sender by its connection; what is wrong has a remedy and an exit
/// code; the fix connects, and then the first client needs a restart only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_sees_who_sends() {
    let begin = start();
    write(&begin, "{}");
    let house = begin.run().await.unwrap();
    let (one, two) = (house.start().root().join("one"), house.start().root().join("two"));
    [&one, &two].into_iter().for_each(|folder| fs::create_dir(folder).unwrap());
    let off = Client::start(house.start(), &one, None);
    let sender = Client::start(house.start(), &two, Some(house.http().unwrap()));
    let report = told(&house, &["doctor", "--json"]).await;
    let sending = sender.in_report(&report);
    assert_eq!((&sending["state"], &sending["finding"]), (&json!("sending"), &Value::Null));
    assert_eq!(sending["project"], two.to_str().unwrap());
    let found = off.in_report(&report);
    assert_eq!(
        (&found["state"], &found["finding"]["code"]),
        (&json!("telemetry-off"), &json!("telemetry-off"))
    );
    assert!(found["finding"]["remedy"].as_str().unwrap().contains("plimsoll connect"), "{found}");

    let ended = plimsoll(&house, &["doctor"]).await;
    assert_eq!(ended.status.code(), Some(1), "{}", said(&ended));
    let fixed = plimsoll(&house, &["doctor", "--fix"]).await;
    assert!(fixed.out.contains("Connected "), "{}", said(&fixed));
    assert!(fs::read_to_string(settings(house.start())).unwrap().contains("OTEL_LOGS_EXPORTER"));
    let report = told(&house, &["doctor", "--json"]).await;
    assert_eq!(sender.in_report(&report)["state"], "sending");
    let state = off.in_report(&report)["state"].clone();
    // Which of the two depends on how many whole seconds passed since it was started.
    assert!(["needs-restart", "silent", "starting"].contains(&state.as_str().unwrap()), "{state}");
    let status = plimsoll(&house, &["status"]).await;
    assert!(
        status.out.contains("clients are running;") || status.out.contains("client is running;"),
        "{}",
        status.out
    );
}

/// Scenario: no resident runs.
/// Guarantees: connecting works with the configured port and says to start it; the doctor says that it does not run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_says_that_plimsoll_does_not_run() {
    let begin = start().variable("PLIMSOLL_RECEIVER_HTTP", "127.0.0.1:14318");
    let run =
        async |words: &[&str]| begin.beside().command(words).run_to_end(PATIENCE).await.unwrap();
    let done = run(&["connect", "--yes"]).await;
    assert!(done.out.contains("Plimsoll is not running: start it"), "{}", said(&done));
    let written = fs::read_to_string(settings(&begin)).unwrap();
    assert!(written.contains("\"http://127.0.0.1:14318/v1/logs\""), "{written}");
    let doctor = run(&["doctor", "--json"]).await;
    let report: Value = serde_json::from_str(&doctor.out).unwrap();
    let findings = report["findings"].as_array().unwrap();
    assert!(findings.iter().any(|finding| finding["code"] == "not-running"), "{report}");
    run(&["disconnect", "--yes"]).await;
    assert!(!settings(&begin).exists(), "a file that was not there goes");
}
