//! One engine per user: second starts, what is left over from a crash, and a dashboard on another port.

use std::{fs, net::TcpListener};

use plimsoll_testkit::{Ended, ResidentError, TestResident};
use serde_json::{Value, json};

use crate::{
    desk::{CALM, Desk, Shape, Windows, ask_for_window, in_both_shapes, turn},
    house::{PATIENCE, resident, until},
};

in_both_shapes! {
    a_second_start_hands_over,
    serve_beside_the_application_is_refused,
    what_a_crash_leaves_is_no_obstacle,
    a_dashboard_on_another_port_is_found,
}

/// Starts `plimsoll` with these words beside what runs, and waits for its end.
async fn beside(house: &TestResident, words: &[&str]) -> Ended {
    let start = house.start().beside().program(env!("CARGO_BIN_EXE_plimsoll"));
    start.command(words).run_to_end(PATIENCE).await.unwrap()
}

async fn until_status_shows(house: &TestResident, session: &str) {
    until("the session in the status", async || {
        let status = beside(house, &["status", "--json"]).await;
        assert!(status.status.success(), "{status:?}");
        status.out.contains(session).then_some(())
    })
    .await;
}

fn assert_found(house: &TestResident) {
    let text = fs::read(house.start().runtime_file()).unwrap();
    let runtime: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(runtime["pid"], house.pid());
}

/// Scenario: the application is started while it runs, as from the menu of programs, by each of its programs.
/// Guarantees: the second ends with 0 and says where the first is; the first shows its dashboard, and goes
/// on.
async fn a_second_start_hands_over(shape: Shape) {
    let desk = Desk::complete(shape).await;
    let house = desk.run().await;
    let mut windows = match shape {
        Shape::Separate => Some(Windows::attach(&house).await),
        #[cfg(feature = "desktop")]
        Shape::InProcess => None,
    };
    let second = house.start().beside().run_to_end(PATIENCE).await.unwrap();
    let plain = beside(&house, &[]).await;
    for ended in [second, plain] {
        assert!(ended.status.success(), "{ended:?}");
        assert!(ended.out.contains(&house.pid().to_string()), "{ended:?}");
        if let Some(windows) = &mut windows {
            assert_eq!(windows.next().await, json!({"window": "dashboard", "session": null}));
        }
    }
    assert_found(&house);
    desk.icon().await;
    assert_eq!(desk.panel.count().await.unwrap(), 1);
    turn(&house, "s-1", 0, CALM).await;
}

/// Scenario: `plimsoll serve` beside the running application, on its ledger and on another.
/// Guarantees: it ends with 69 and a sentence that names the process and the dashboard; no other ledger is
/// begun, and the first is still the one that is found.
async fn serve_beside_the_application_is_refused(shape: Shape) {
    let desk = Desk::complete(shape).await;
    let house = desk.run().await;
    let port = house.runtime().dashboard.unwrap().port().to_string();
    let other = house.start().root().join("other.db");
    for words in [vec!["serve"], vec!["serve", "--ledger", other.to_str().unwrap()]] {
        let ended = beside(&house, &words).await;
        assert_eq!(ended.status.code(), Some(69), "{ended:?}");
        for part in [&house.pid().to_string(), &port] {
            assert!(ended.err.contains(part.as_str()), "{part} is not in: {}", ended.err);
        }
    }
    assert!(!other.exists());
    assert_found(&house);
    turn(&house, "s-1", 0, CALM).await;
}

/// Scenario: the application without a desktop runs, and `plimsoll` is started.
/// Guarantees: it ends with 69 and says where the page is; there is still one engine.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desktop_start_beside_serve_is_refused() {
    let house = resident().await;
    let ended = beside(&house, &[]).await;
    assert_eq!(ended.status.code(), Some(69), "{ended:?}");
    let port = house.runtime().dashboard.unwrap().port().to_string();
    assert!(ended.err.contains(&port), "{ended:?}");
    let answer = ask_for_window(&house, json!({"window": "dashboard", "session": null})).await;
    assert_eq!(answer.status.as_u16(), 409);
    assert_eq!(answer.json().unwrap()["error"]["code"], "no-windows");
    assert_found(&house);
}

/// Scenario: the application is killed, its `runtime.json` stays, and it is started again, twice; once with
/// the file cut short as well.
/// Guarantees: it starts each time, is found, keeps its books, shows one icon, and takes second starts as
/// ever.
async fn what_a_crash_leaves_is_no_obstacle(shape: Shape) {
    let desk = Desk::complete(shape).await;
    let mut house = desk.run().await;
    for round in 0..2 {
        turn(&house, "s-1", round, CALM).await;
        house.kill9().unwrap();
        let file = house.start().runtime_file();
        assert!(file.exists());
        assert_eq!(beside(&house, &["status"]).await.status.code(), Some(3));
        if round == 1 {
            let text = fs::read(&file).unwrap();
            fs::write(&file, &text[..text.len() / 2]).unwrap();
        }
        house.start_again().await.unwrap();
        assert_found(&house);
        until_status_shows(&house, "s-1").await;
        desk.icon().await;
        assert!(beside(&house, &[]).await.status.success());
    }
    let usage = house.api().unwrap().json("/api/v1/usage?by=session").await.unwrap();
    assert_eq!(usage["total"]["requests"], 2);
}

/// Scenario: another program has the dashboard's port.
/// Guarantees: commands and windows find the application on the port that it moved to.
async fn a_dashboard_on_another_port_is_found(shape: Shape) {
    let desk = Desk::complete(shape).await;
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap();
    let start = desk.start().variable("PLIMSOLL_DASHBOARD_LISTEN", &taken.to_string());
    let house = start.run().await.unwrap();
    assert_ne!(house.runtime().dashboard.unwrap().port(), taken.port());
    turn(&house, "s-1", 0, CALM).await;
    until_status_shows(&house, "s-1").await;
    let mut windows = match shape {
        Shape::Separate => Some(Windows::attach(&house).await),
        #[cfg(feature = "desktop")]
        Shape::InProcess => None,
    };
    assert!(beside(&house, &[]).await.status.success());
    if let Some(windows) = &mut windows {
        assert_eq!(windows.next().await["window"], "dashboard");
    }
}

/// Scenario: the application is started four times at the same moment.
/// Guarantees: one runs and is found; the others end with 0.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_starts_at_the_same_moment_one_runs() {
    let desk = Desk::complete(Shape::Separate).await;
    let first = desk.start();
    let starts: Vec<_> = (0..4).map(|_| tokio::spawn(first.beside().run())).collect();
    let mut running = Vec::new();
    for start in starts {
        match start.await.unwrap() {
            Ok(house) => running.push(house),
            Err(ResidentError::Ended { status, said }) => assert!(status.success(), "{said}"),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(running.len(), 1);
    assert_found(&running[0]);
    turn(&running[0], "s-1", 0, CALM).await;
}

/// Scenario: windows are shown, the application is killed and started again.
/// Guarantees: whoever shows windows learns of the end, finds the new engine and its key, and is asked as
/// before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn windows_find_the_engine_again() {
    let desk = Desk::complete(Shape::Separate).await;
    let mut house = desk.run().await;
    let mut windows = Windows::attach(&house).await;
    let old = house.runtime().key.clone();
    house.kill9().unwrap();
    assert_eq!(windows.ended_or_next().await, None);
    house.start_again().await.unwrap();
    assert_ne!(house.runtime().key, old);
    let mut windows = Windows::attach(&house).await;
    desk.icon().await.activate(1, 2).await.unwrap();
    assert_eq!(windows.next().await["at"], json!({"x": 1, "y": 2}));
}

/// Scenario: with the one-process application chosen in the configuration, `plimsoll` is started.
/// Guarantees: the process becomes `plimsoll-window`, and is the application.
#[cfg(feature = "desktop")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_configuration_chooses_the_shape() {
    let desk = Desk::complete(Shape::InProcess).await;
    let start = desk.start().program(env!("CARGO_BIN_EXE_plimsoll")).command(&[]);
    let house = start.variable("PLIMSOLL_DESKTOP_BACKEND", "in-process").run().await.unwrap();
    let program = fs::read_link(format!("/proc/{}/exe", house.pid())).unwrap();
    assert_eq!(program.file_name().unwrap(), "plimsoll-window");
    desk.icon().await;
    assert_found(&house);
}
