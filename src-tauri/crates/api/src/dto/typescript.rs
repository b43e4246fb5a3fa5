//! The wire types in TypeScript, for the page.

use std::{env, fs, path::Path};

use ts_rs::{Config, TS};

use super::{
    alert, audit, change, health, scalar, session, setup, signal, snapshot, usage, warning,
};
use crate::error;

const HEAD: &str = "// The wire types of the API. Generated from src-tauri/crates/api/src/dto:
// PLIMSOLL_WRITE_TYPES=1 cargo test -p plimsoll-api typescript
";

/// Every type that a client can meet, in the order of the file.
fn declarations() -> String {
    let all = [
        declare::<scalar::Time>(),
        declare::<scalar::Permille>(),
        declare::<usage::Tokens>(),
        declare::<usage::Usage>(),
        declare::<session::LevelName>(),
        declare::<session::LevelMark>(),
        declare::<session::Line>(),
        declare::<session::Forecast>(),
        declare::<alert::Checkpoint<'_>>(),
        declare::<session::Context>(),
        declare::<session::StateName>(),
        declare::<session::Telemetry>(),
        declare::<session::Source>(),
        declare::<session::Subagent<'_>>(),
        declare::<session::Session<'_>>(),
        declare::<session::SessionContext<'_>>(),
        declare::<session::Waited<'_>>(),
        declare::<session::Compacted<'_>>(),
        declare::<session::SessionBooks<'_>>(),
        declare::<session::SessionPage<'_>>(),
        declare::<snapshot::Today<'_>>(),
        declare::<snapshot::Limit>(),
        declare::<snapshot::Limits>(),
        declare::<snapshot::Listener<'_>>(),
        declare::<snapshot::Problem<'_>>(),
        declare::<snapshot::Snapshot<'_>>(),
        declare::<change::Change<'_>>(),
        declare::<alert::LevelReached<'_>>(),
        alerting(),
        declare::<usage::UsageRow>(),
        declare::<usage::UsageReport<'_>>(),
        declare::<usage::UsageRecord<'_>>(),
        declare::<usage::UsageRecords<'_>>(),
        declare::<health::Backfill>(),
        declare::<health::Task<'_>>(),
        declare::<health::Counter<'_>>(),
        declare::<health::UnknownSignal<'_>>(),
        declare::<health::Health<'_>>(),
        declare::<signal::SignalSeen<'_>>(),
        declare::<audit::Verdict>(),
        declare::<audit::Counts>(),
        declare::<audit::Reason>(),
        declare::<audit::Told>(),
        declare::<audit::Sides>(),
        declare::<audit::Line<'_>>(),
        declare::<audit::PriceCheck<'_>>(),
        declare::<audit::session::StatedTotal<'_>>(),
        declare::<audit::session::StatusLine<'_>>(),
        declare::<audit::session::Balance>(),
        declare::<audit::session::Difference<'_>>(),
        declare::<audit::session::MissedEvents>(),
        declare::<audit::session::LoneRequest<'_>>(),
        declare::<audit::session::SessionAudit<'_>>(),
        declare::<audit::Audit<'_>>(),
        setting_up(),
        declare::<error::ErrorDetail>(),
        declare::<error::ErrorBody>(),
    ];
    all.concat()
}

/// Those of alerts and warnings, and of what is told about them.
fn alerting() -> String {
    [
        declare::<alert::Outcome<'_>>(),
        declare::<alert::Alert<'_>>(),
        declare::<alert::Alerts<'_>>(),
        declare::<alert::Checkpoints<'_>>(),
        declare::<alert::Compaction<'_>>(),
        declare::<alert::Compactions<'_>>(),
        declare::<alert::Silence<'_>>(),
        declare::<alert::Quiet<'_>>(),
        declare::<alert::Rehearsed>(),
        declare::<alert::RehearsedAction>(),
        declare::<warning::Warning<'_>>(),
        declare::<warning::Warnings<'_>>(),
    ]
    .concat()
}

/// Those of setting up.
fn setting_up() -> String {
    [
        declare::<setup::Fix>(),
        declare::<setup::Finding>(),
        declare::<setup::Installation>(),
        declare::<setup::Snippet>(),
        declare::<setup::ConnectPlan>(),
        declare::<setup::Connected>(),
        declare::<setup::FirstRequest>(),
        declare::<setup::Proof>(),
        declare::<setup::RunningClient>(),
        declare::<setup::Doctor>(),
        declare::<setup::Welcome>(),
    ]
    .concat()
}

/// One type with its description.
fn declare<T: TS>() -> String {
    let config = Config::new().with_large_int("number");
    format!("\n{}export {}\n", T::docs().unwrap_or_default(), T::decl(&config))
}

/// Scenario: the wire types are compared with the file that the page is built from.
/// Guarantees: the page's types are what the server sends; a difference names the command that mends it.
#[test]
fn typescript_types_are_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../ui/src/lib/api/types/index.ts");
    let current = format!("{HEAD}{}", declarations());
    if env::var_os("PLIMSOLL_WRITE_TYPES").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, &current).unwrap();
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == current,
        "{} is not current: PLIMSOLL_WRITE_TYPES=1 cargo test -p plimsoll-api typescript",
        file.display()
    );
}
