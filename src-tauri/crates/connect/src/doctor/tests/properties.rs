//! What must never change a report.

use proptest::prelude::*;

use super::{PID, PORT, Situation, Variables, client, peer, socket};

/// Situations with findings of several kinds.
fn situations() -> [Situation; 5] {
    let proxy = [("HTTP_PROXY", "http://proxy")];
    [
        Situation::healthy(),
        Situation::quiet(),
        Situation::quiet().unconnected(),
        Situation::quiet().with_environment(&proxy),
        Situation::quiet().change(|_, resident| resident.is_running = false),
    ]
}

proptest! {
    /// Scenario: unrelated variables in the environment, connections of other processes and of the client to other
    /// places, clients of clients.
    /// Guarantees: the report does not change.
    #[test]
    fn what_is_unrelated_changes_nothing(
        variables in prop::collection::vec(("[A-Z_]{1,12}X", ".{0,20}"), 0..6),
        sockets in prop::collection::vec((1_u32..99, 1024_u16.., 1_u16..4000), 0..6),
        part in 5000_u32..,
    ) {
        for situation in situations() {
            let before = situation.examine();
            let changed = situation.change(|machine, _| {
                let process = &mut machine.processes[0];
                let kept = process.environment.clone();
                let pairs = variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                let own = kept.names().filter_map(|name| Some((name, kept.get(name)?)));
                process.environment = Variables::keep(own.chain(pairs));
                let known = machine.sockets.as_mut().unwrap();
                known.extend(sockets.iter().map(|(pid, port, _)| socket(*pid, *port)));
                known.extend(sockets.iter().map(|(_, port, to)| super::Socket {
                    peer: ([127, 0, 0, 1], *to).into(),
                    ..socket(PID, *port)
                }));
                machine.processes.push(super::Process { parent: Some(PID), ..client(part) });
            });
            prop_assert_eq!(changed.examine(), before);
        }
    }

    /// Scenario: another client that sends, in another place of the list.
    /// Guarantees: what is said of the first and of the machine does not change.
    #[test]
    fn another_healthy_client_changes_nothing(pid in 1_u32..9000, is_first: bool) {
        prop_assume!(pid != PID);
        for situation in situations() {
            let before = situation.examine();
            let changed = situation.change(|machine, resident| {
                let at = if is_first { 0 } else { machine.processes.len() };
                let other = super::Process { config_dir: machine.processes[0].config_dir.clone(), ..client(pid) };
                machine.processes.insert(at, other);
                machine.sockets.as_mut().unwrap().push(socket(pid, PORT + 1));
                resident.peers.push(peer(PORT + 1));
            });
            let after = changed.examine();
            prop_assert_eq!(&after.findings, &before.findings);
            prop_assert!(after.clients.contains(&before.clients[0]));
        }
    }
}
