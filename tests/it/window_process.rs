//! The process that shows windows: started when one is wanted, one for all of them.

use serde_json::json;

use crate::{
    desk::{Desk, Shape, Windows, ask_for_window, until_hint},
    house::{PATIENCE, until},
};

/// Scenario: the icon is pressed while nothing shows windows; the program that does takes its time.
/// Guarantees: it is started once, however often the icon is pressed meanwhile; it is asked for all of it
/// when it attaches; when it left, the next press starts it again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_for_windows_is_started_on_demand() {
    let desk = Desk::complete(Shape::Separate).await;
    let program = desk.place_window_program();
    let house = desk.start().display(":0").run().await.unwrap();
    let item = desk.icon().await;
    assert_eq!(program.starts(), 0);
    item.activate(1, 2).await.unwrap();
    item.click("Open dashboard").await.unwrap();
    until("started", async || (program.starts() > 0).then_some(())).await;
    let mut windows = Windows::attach(&house).await;
    assert_eq!(windows.next().await["window"], "popover");
    assert_eq!(windows.next().await, json!({"window": "dashboard", "session": null}));
    item.activate(3, 4).await.unwrap();
    assert_eq!(windows.next().await["at"], json!({"x": 3, "y": 4}));
    assert_eq!(program.starts(), 1);
    drop(windows);
    program.leave().await;
    let program = desk.place_window_program();
    // A press may still be told to the process that just left; the user presses again.
    until("started again", async || {
        item.activate(5, 6).await.unwrap();
        (program.starts() > 1).then_some(())
    })
    .await;
    assert_eq!(Windows::attach(&house).await.next().await["at"], json!({"x": 5, "y": 6}));
}

/// Scenario: the icon is pressed where the program for windows is not installed; then it is installed.
/// Guarantees: a hint says so, and the page opens in the browser instead; with the program the hint goes, and
/// what was wanted before is not shown after.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_program_a_hint_says_so() {
    let desk = Desk::complete(Shape::Separate).await;
    let house = desk.start().display(":0").run().await.unwrap();
    let item = desk.icon().await;
    item.activate(1, 2).await.unwrap();
    until_hint(&house, "no-windows", true).await;
    let port = house.runtime().dashboard.unwrap().port().to_string();
    until("opened in a browser", async || {
        desk.opened_in_browser().first().map(|url| assert!(url.contains(&port), "{url}"))
    })
    .await;
    let program = desk.place_window_program();
    item.click("Open dashboard").await.unwrap();
    until("started", async || (program.starts() > 0).then_some(())).await;
    let mut windows = Windows::attach(&house).await;
    assert_eq!(windows.next().await["window"], "dashboard");
    until_hint(&house, "no-windows", false).await;
}

/// Scenario: a second process wants to show windows while one does; a program asks for a window without the
/// key.
/// Guarantees: the second is told that there is one, and may ask for a window instead; nobody else may.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_shows_windows() {
    let desk = Desk::complete(Shape::Separate).await;
    let house = desk.run().await;
    let mut windows = Windows::attach(&house).await;
    let api = house.api().unwrap();
    let key = [("x-plimsoll-key", house.runtime().key.as_str())];
    let second = api.events_with("/api/v1/windows", &key).await.unwrap_err();
    assert!(second.to_string().contains("409"), "{second}");
    let wish = json!({"window": "dashboard", "session": "s-1"});
    assert_eq!(ask_for_window(&house, wish.clone()).await.status.as_u16(), 202);
    assert_eq!(windows.next().await, wish);
    let json = [("content-type", "application/json")];
    for answer in [
        api.post("/api/v1/windows", &json, wish.to_string()).await.unwrap(),
        api.get("/api/v1/windows").await.unwrap(),
    ] {
        assert_eq!(answer.status.as_u16(), 401, "{}", answer.text());
    }
}

/// Scenario: the user quits while windows are shown.
/// Guarantees: whoever shows them is told to close them, or sees the end; the application ends with 0.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quit_closes_the_windows() {
    let desk = Desk::complete(Shape::Separate).await;
    let mut house = desk.run().await;
    let mut windows = Windows::attach(&house).await;
    desk.icon().await.click("Quit").await.unwrap();
    assert_eq!(windows.ended_or_next().await, Some(json!({"window": "nothing"})));
    assert_eq!(windows.ended_or_next().await, None);
    assert!(house.ended(PATIENCE).await.unwrap().success());
}
