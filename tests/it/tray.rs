//! The tray icon over a private session bus, in both shapes of the application.

use std::{collections::BTreeMap, net::TcpListener};

use plimsoll_testkit::{Events, Loopback, TestResident, TrayItem};
use plimsoll_tray::{Icon, Shape as Drawn};
use prost::Message as _;
use serde_json::json;

use crate::{
    desk::{
        CALM, CHECKPOINT, Desk, LINE, NOTICE, Shape, URGENT, Windows, in_both_shapes, name_project,
        now, problems, turn, until_hint,
    },
    house::{PATIENCE, until},
};

in_both_shapes! {
    the_icon_follows_the_state,
    nothing_is_drawn_without_a_change,
    a_problem_shows_in_the_icon,
    the_menu_lists_sessions,
    quit_drains,
    the_icon_outlives_the_panel,
    the_bus_ends,
    a_late_panel_gets_the_icon,
    without_a_bus_everything_else_runs,
}

/// Waits until the icon shows this, in every size that is offered.
async fn until_drawn(item: &TrayItem, shape: Drawn, fill: u8) {
    let icon = Icon { shape, fill };
    until(&format!("drawn: {icon:?}"), async || {
        let offered = item.icons().await.unwrap();
        let is_drawn = offered.iter().all(|pixmap| {
            let mut argb = icon.pixels(u32::try_from(pixmap.width).unwrap());
            argb.chunks_exact_mut(4).for_each(|pixel| pixel.rotate_right(1));
            pixmap.width == pixmap.height && pixmap.argb == argb
        });
        (is_drawn && !offered.is_empty()).then_some(())
    })
    .await;
}

async fn until_filled(item: &TrayItem, shape: Drawn, occupancy: u64) {
    until_drawn(item, shape, Icon::fill(occupancy, LINE)).await;
}

/// Scenario: an application that has received nothing gets the turns of a session that grows past all three
/// levels and is compacted.
/// Guarantees: the icon registers, and its pixels are at each point those of the state: another shape for
/// each level, filled by the way to the line; title and tooltip say something at each.
async fn the_icon_follows_the_state(shape: Shape) {
    let desk = Desk::complete(shape).await;
    let house = desk.run().await;
    let item = desk.icon().await;
    until_drawn(&item, Drawn::NoTelemetry, 0).await;
    let grows = [
        (CALM, Drawn::Calm),
        (NOTICE, Drawn::Notice),
        (CHECKPOINT, Drawn::Checkpoint),
        (URGENT, Drawn::Urgent),
    ];
    for (number, (occupancy, drawn)) in (0..).zip(grows) {
        turn(&house, "s-1", number, occupancy).await;
        until_filled(&item, drawn, occupancy).await;
        let (title, text) = item.tooltip().await.unwrap();
        assert!(!item.title().await.unwrap().is_empty() && !(title + &text).is_empty());
        assert_eq!(item.status().await.unwrap(), "Active");
    }
    send(&house, Events::of("s-1", now()).sequence(4).compaction("manual", URGENT, 20_000)).await;
    turn(&house, "s-1", 5, 20_000).await;
    until_filled(&item, Drawn::Calm, 20_000).await;
}

async fn send(house: &TestResident, events: Events) {
    let kind = [("content-type", "application/x-protobuf")];
    let receiver = Loopback::new(house.http().unwrap());
    let body = events.build().encode_to_vec();
    assert_eq!(receiver.post("/v1/logs", &kind, body).await.unwrap().status.as_u16(), 200);
}

/// Scenario: between two turns many events arrive that change nothing of what is shown; then the application
/// quits.
/// Guarantees: by its last signal the icon was announced once for each turn, and nothing else much oftener.
async fn nothing_is_drawn_without_a_change(shape: Shape) {
    let desk = Desk::complete(shape).await;
    let mut house = desk.run().await;
    let item = desk.icon().await;
    turn(&house, "s-1", 0, CALM).await;
    until_filled(&item, Drawn::Calm, CALM).await;
    for number in 1..20 {
        let events = Events::of("s-1", now()).sequence(number);
        send(&house, events.tool_result("Bash")).await;
    }
    turn(&house, "s-1", 20, NOTICE).await;
    until_filled(&item, Drawn::Notice, NOTICE).await;
    item.click("Quit").await.unwrap();
    assert!(house.ended(PATIENCE).await.unwrap().success());
    until("no icon", async || (desk.panel.count().await.unwrap() == 0).then_some(())).await;
    let mut signals: BTreeMap<String, usize> = BTreeMap::new();
    for name in desk.panel.signals().await.unwrap() {
        *signals.entry(name).or_default() += 1;
    }
    // The first face may be announced as well, and a session may be shown before it is counted to the day.
    // Tauri's tray announces the tooltip with each part of a face.
    assert!((2..=3).contains(&signals["NewIcon"]), "{signals:?}");
    assert!(signals.values().all(|times| *times <= 12), "{signals:?}");
}

/// Scenario: another program has the receiver's port.
/// Guarantees: the icon says that something needs the user.
async fn a_problem_shows_in_the_icon(shape: Shape) {
    let desk = Desk::complete(shape).await;
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap().to_string();
    let _house = desk.start().variable("PLIMSOLL_RECEIVER_HTTP", &taken).run().await.unwrap();
    until_drawn(&desk.icon().await, Drawn::Error, 0).await;
}

/// The labels of the menu, lines as `-`, entries that cannot be chosen in brackets.
async fn menu(item: &TrayItem) -> Vec<String> {
    let entries = item.menu().await.unwrap().into_iter();
    let shown = entries.map(|entry| match (entry.separator, entry.enabled) {
        (true, _) => "-".to_owned(),
        (false, true) => entry.label,
        (false, false) => format!("({})", entry.label),
    });
    shown.collect()
}

/// Where in the menu the first entry is that begins like this.
fn place(menu: &[String], beginning: &str) -> Option<usize> {
    menu.iter().position(|label| label.starts_with(beginning))
}

/// Scenario: two sessions with known projects, the fuller one second.
/// Guarantees: the menu lists the fuller first, with how full it is; then what today cost, which cannot be
/// chosen; then the two windows and the end.
async fn the_menu_lists_sessions(shape: Shape) {
    let desk = Desk::complete(shape).await;
    let start = desk.start();
    name_project(&start, "s-web", "web");
    name_project(&start, "s-api", "my_api");
    let house = start.run().await.unwrap();
    turn(&house, "s-web", 0, CALM).await;
    turn(&house, "s-api", 0, NOTICE).await;
    let item = desk.icon().await;
    let labels = until("both sessions in the menu", async || {
        let labels = menu(&item).await;
        let named = place(&labels, "my_api").zip(place(&labels, "web"));
        named.is_some_and(|(fuller, other)| fuller < other).then_some(labels)
    })
    .await;
    assert!(labels[0].starts_with("my_api") && labels[1].starts_with("web"), "{labels:?}");
    let full = [("101k of 167k", &labels[0]), ("50k of 167k", &labels[1])];
    assert!(full.iter().all(|(full, label)| label.contains(full)), "{labels:?}");
    assert_eq!(labels[labels.len() - 1], "Quit", "{labels:?}");
    let today = labels.iter().position(|label| label.to_lowercase().starts_with("(today"));
    let windows = place(&labels, "Open popover").zip(place(&labels, "Open dashboard")).unwrap();
    assert!(today.is_some_and(|today| 1 < today && today < windows.0), "{labels:?}");
    assert!(windows.0 < windows.1, "{labels:?}");
}

/// Scenario: the icon is pressed, and each entry of the menu is chosen that opens a window.
/// Guarantees: whoever shows windows is asked for the right one each time: where the icon is, and for which
/// session.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn presses_and_clicks_ask_for_windows() {
    let desk = Desk::complete(Shape::Separate).await;
    let house = desk.run().await;
    turn(&house, "s-1", 0, CALM).await;
    let item = desk.icon().await;
    let mut windows = Windows::attach(&house).await;
    for at in [(1264, 16), (3, 4)] {
        item.activate(at.0, at.1).await.unwrap();
        let place = json!({"x": at.0, "y": at.1});
        let wish = json!({"window": "popover", "at": place, "toggle": true});
        assert_eq!(windows.next().await, wish);
    }
    item.click("Open popover").await.unwrap();
    let wish = windows.next().await;
    assert_eq!((&wish["window"], &wish["toggle"]), (&json!("popover"), &json!(false)));
    item.click("Open dashboard").await.unwrap();
    assert_eq!(windows.next().await, json!({"window": "dashboard", "session": null}));
    let label = until("the session in the menu", async || {
        menu(&item).await.into_iter().find(|label| label.starts_with("s-1"))
    })
    .await;
    item.click(&label).await.unwrap();
    assert_eq!(windows.next().await, json!({"window": "dashboard", "session": "s-1"}));
}

/// Scenario: the icon is pressed and the dashboard is chosen in the menu of the one-process application.
/// Guarantees: it opens the windows itself.
#[cfg(feature = "desktop")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn presses_and_clicks_open_windows() {
    let desk = Desk::complete(Shape::InProcess).await;
    let _house = desk.run().await;
    let item = desk.icon().await;
    let screen = desk.screen.as_ref().unwrap();
    let windows = || screen.titles().unwrap().iter().filter(|it| it.contains("Plimsoll")).count();
    assert_eq!(windows(), 0);
    item.activate(1264, 16).await.unwrap();
    until("a popover", async || (windows() == 1).then_some(())).await;
    item.click("Open dashboard").await.unwrap();
    until("a dashboard", async || {
        screen.titles().unwrap().iter().any(|title| title == "Plimsoll").then_some(())
    })
    .await;
}

/// Scenario: "Quit" is chosen while a session is known.
/// Guarantees: the process ends with 0, its books are closed, nobody finds it any more, and the icon is gone.
async fn quit_drains(shape: Shape) {
    let desk = Desk::complete(shape).await;
    let mut house = desk.run().await;
    turn(&house, "s-1", 0, CALM).await;
    let item = desk.icon().await;
    item.click("Quit").await.unwrap();
    let status = house.ended(PATIENCE).await.unwrap();
    assert!(status.success(), "{status}: {}", house.said());
    let log = house.runtime().ledger.with_extension("db-wal");
    assert!(!log.exists() || std::fs::metadata(&log).unwrap().len() == 0);
    assert!(!house.start().runtime_file().exists());
    until("no icon", async || (desk.panel.count().await.unwrap() == 0).then_some(())).await;
}

/// Scenario: the panel ends and starts again, twice, while the state changes.
/// Guarantees: a hint says that no icon is shown while there is no panel; each new panel gets one icon with
/// the present state.
async fn the_icon_outlives_the_panel(shape: Shape) {
    let mut desk = Desk::complete(shape).await;
    let house = desk.run().await;
    desk.icon().await;
    for (number, (occupancy, drawn)) in [(0, (CALM, Drawn::Calm)), (1, (NOTICE, Drawn::Notice))] {
        until_hint(&house, "no-tray", false).await;
        desk.panel.leave().await.unwrap();
        until_hint(&house, "no-tray", true).await;
        turn(&house, "s-1", number, occupancy).await;
        desk.panel.come().await.unwrap();
        until_filled(&desk.icon().await, drawn, occupancy).await;
        assert_eq!(desk.panel.count().await.unwrap(), 1);
    }
    until_hint(&house, "no-tray", false).await;
}

/// Scenario: the whole session bus ends, and starts again.
/// Guarantees: the resident books what is sent meanwhile, and its icon registers with the new panel. With
/// windows the application ends in order, as the toolkit has every program do when its session is over.
async fn the_bus_ends(shape: Shape) {
    let mut desk = Desk::complete(shape).await;
    let mut house = desk.run().await;
    desk.icon().await;
    desk.bus.stop();
    if shape != Shape::Separate {
        let status = house.ended(PATIENCE).await.unwrap();
        assert!(status.success(), "{status}: {}", house.said());
        return;
    }
    turn(&house, "s-1", 0, CALM).await;
    until_hint(&house, "no-tray", true).await;
    desk.bus.start_again().await.unwrap();
    desk.panel.come().await.unwrap();
    until_filled(&desk.icon().await, Drawn::Calm, CALM).await;
    until_hint(&house, "no-tray", false).await;
}

/// Scenario: the application starts before the panel, as at login.
/// Guarantees: everything else runs, a hint says what is missing; the icon registers when the panel comes.
async fn a_late_panel_gets_the_icon(shape: Shape) {
    let mut desk = Desk::bare(shape).await;
    let house = desk.run().await;
    until_hint(&house, "no-tray", true).await;
    turn(&house, "s-1", 0, CALM).await;
    desk.panel.come().await.unwrap();
    until_filled(&desk.icon().await, Drawn::Calm, CALM).await;
    until_hint(&house, "no-tray", false).await;
}

/// Scenario: there is no session bus at all.
/// Guarantees: it receives and serves all the same, says what is missing, and ends in order.
async fn without_a_bus_everything_else_runs(shape: Shape) {
    let desk = Desk::bare(shape).await;
    let mut house = desk.start_without_bus().run().await.unwrap();
    turn(&house, "s-1", 0, URGENT).await;
    for code in ["no-tray", "no-notifications"] {
        until_hint(&house, code, true).await;
    }
    let health = house.api().unwrap().json("/api/v1/health").await.unwrap();
    assert_eq!(health["status"], "ok", "{:?}", problems(&house).await);
    let status = house.terminate(PATIENCE).await.unwrap();
    assert!(status.success(), "{status}: {}", house.said());
}
