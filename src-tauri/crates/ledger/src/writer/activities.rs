//! What a commit tells those who watch.

use std::collections::BTreeSet;

use plimsoll_domain::SessionId;
use sqlx::SqliteConnection;

use super::{
    commit::Pen,
    news::{Changed, News},
    sheet::Sheet,
};
use crate::{Activity, ActivityKind, books::Side, query::record, table::request::RequestRow};

impl Pen<'_> {
    /// What is new, for those who watch.
    pub(super) async fn activities(
        &mut self,
        connection: &mut SqliteConnection,
        sheet: &Sheet,
        news: News,
    ) -> sqlx::Result<Vec<Activity>> {
        let (mut activities, told_from) = (Vec::new(), self.told_from);
        for Changed { before, after } in &news.requests {
            // Told again without anything that a gauge hangs on.
            let same = |before: &RequestRow| {
                (before.tokens, before.process) == (after.tokens, after.process)
            };
            if after.retracted || after.at < told_from || before.as_deref().is_some_and(same) {
                continue;
            }
            let model = self.cache.model_of(connection, after.model).await?;
            let Some(session) = self.session_id(after.session) else { continue };
            activities.push(record::request_activity(after, session, model));
        }
        for event in news.events.iter().filter(|event| event.arrived >= told_from) {
            let Some(session) = self.session_id(event.session) else { continue };
            activities.extend(record::event_activity(event, session));
        }
        for status in &sheet.statuses {
            let Some(session) = self.session_id(status.row.session) else { continue };
            activities.push(Activity {
                session,
                process: None,
                at: status.row.at,
                arrived: status.arrived,
                kind: ActivityKind::Status(status.report.clone()),
            });
        }
        let metered: BTreeSet<_> = self
            .touched
            .iter()
            .filter(|(_, _, _, side)| *side == Side::Metered)
            .map(|(session, (model, _), _, _)| (*session, *model))
            .collect();
        for (session, model) in metered {
            let named = sheet.million_windows.get(&(session, model)).copied();
            let model = self.cache.model_of(connection, model).await?;
            let Some(id) = self.session_id(session) else { continue };
            let row = &self.cache.session(session).row;
            activities.push(Activity {
                session: id,
                process: None,
                at: named.unwrap_or(row.last_at),
                arrived: row.last_telemetry,
                kind: ActivityKind::Metered { model, million_window: named.is_some() },
            });
        }
        Ok(activities)
    }

    fn session_id(&mut self, session: i64) -> Option<SessionId> {
        let name = &self.cache.session(session).row.name;
        (!name.is_empty()).then(|| SessionId::new(name.clone()))
    }
}
