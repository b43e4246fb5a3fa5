//! A machine on which all is well, and what is told of it when its files lose their privacy.

use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};

use plimsoll_connect::{
    doctor::{ClientState, Report, examine},
    settings::{self, Hooks, StatusLine, Telemetry},
};

use crate::{
    desk::{Desk, now, set_mode},
    situations::TOKEN,
    stand_in::{Link, StandIn, Start},
};

fn codes(report: &Report) -> Vec<&'static str> {
    report.findings.iter().map(|finding| finding.code).collect()
}

/// Scenario: a client that was connected in full, with a token, hooks and status line, and sends; folders that others
/// may enter, with files that only their owner may read. Then others may read the settings, and look into the ledger.
/// Guarantees: there is nothing to say, now and a minute later; then exactly what others can read is told.
#[test]
fn nothing_is_said_of_a_healthy_machine() {
    let desk = Desk::new();
    let (place, wish) = (desk.place("healthy"), desk.wish(TOKEN));
    let connected = place.connect(&desk, &wish);
    let written = fs::read_to_string(place.settings()).unwrap();
    let current = settings::read(&written, &wish.plimsoll).unwrap();
    assert_eq!(current.telemetry, Telemetry::Ours { complete: true });
    assert_eq!(current.hooks, Hooks::Complete);
    assert_eq!(current.status_line, StatusLine::Ours { own: None, complete: true });
    let mode = fs::metadata(place.settings()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let start = Start { link: Link::Sends, ..Start::default() };
    let mut client = StandIn::start(&desk, &place, &start);
    client.connected = Some(connected);
    let resident = desk.resident(&[&client]);
    let machine = desk.gather(&[&client], &[]);
    let file = &machine.settings[&place.config()];
    assert!(file.calls_us() && file.has_status_line && !file.hook_urls.is_empty(), "{file:?}");
    for seconds in [0, 60] {
        let report = examine(&machine, &resident, now().after(Duration::from_secs(seconds)));
        let [found] = &report.clients[..] else { panic!("{report:#?}") };
        assert_eq!((found.pid, &found.state), (client.pid(), &ClientState::Sending));
        assert_eq!((&found.finding, &report.findings), (&None, &vec![]), "{report:#?}");
        assert_eq!(found.sessions, [format!("session-{}", client.pid())]);
    }

    let look = || examine(&desk.gather(&[&client], &[]), &resident, now());
    set_mode(&place.settings(), 0o644);
    assert_eq!(codes(&look()), ["settings-exposed"]);
    set_mode(&desk.ledger(), 0o755);
    assert_eq!(codes(&look()), ["ledger-exposed", "settings-exposed"]);
    set_mode(&place.settings(), 0o600);
    set_mode(&desk.ledger(), 0o700);
    assert_eq!(codes(&look()), Vec::<&str>::new());
}
