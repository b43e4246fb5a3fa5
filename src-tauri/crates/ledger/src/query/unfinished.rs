//! Alerts of which an action was left in some state.

use plimsoll_domain::{ActionKind, ActionResult};
use sqlx::{Row as _, SqliteConnection};

use crate::{
    Unfinished,
    table::{alert, text},
};

// The last alerts only, because nothing finds outcomes by their result.
const UNFINISHED: &str = "SELECT a.*, s.name AS session_name, s.project, \
    EXISTS (SELECT 1 FROM alert later JOIN outcome known ON known.alert = later.revision \
    AND known.action = ?1 WHERE later.session = a.session AND later.revision > a.revision) AS replaced, \
    EXISTS (SELECT 1 FROM alert later WHERE later.session = a.session AND later.process = a.process \
    AND later.agent = a.agent AND later.cycle > a.cycle) AS began_anew \
    FROM (SELECT * FROM alert ORDER BY revision DESC LIMIT 1000) a \
    JOIN outcome o ON o.alert = a.revision AND o.action = ?1 JOIN session s ON s.id = a.session \
    WHERE o.result = ?2 ORDER BY a.revision";

/// Alerts of which an action's last result is this one, in order of revision.
pub(crate) async fn unfinished(
    connection: &mut SqliteConnection,
    action: ActionKind,
    result: ActionResult,
) -> sqlx::Result<Vec<Unfinished>> {
    let query = sqlx::query(UNFINISHED).bind(action.code()).bind(result.code());
    let mut all = Vec::new();
    for row in query.fetch_all(connection).await? {
        let Some(alert) = alert::read(&row)? else { continue };
        all.push(Unfinished {
            alert,
            project: text(&row, "project")?,
            replaced: row.try_get("replaced")?,
            over: row.try_get("began_anew")?,
        });
    }
    Ok(all)
}

#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    vec![UNFINISHED.to_owned()]
}
