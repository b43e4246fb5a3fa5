//! The careful way to write rows, taken when some of them turn out to be known: look first, then write only what
//! is new or improved.

use std::collections::{HashMap, HashSet};

use sqlx::SqliteConnection;

use super::{
    commit::{BEGIN, Pen},
    identity::Requests,
    known::Known,
    merge,
    news::{Changed, News},
    sheet::Sheet,
};
use crate::table::{self, Script, event::EventRow, point::PointRow, request::RequestRow};

impl Pen<'_> {
    /// Begins the transaction anew, looks up what is known and writes only what is not.
    pub(super) async fn look_up(
        &mut self,
        connection: &mut SqliteConnection,
        sheet: &mut Sheet,
    ) -> sqlx::Result<News> {
        let mut script = Script::default();
        script.say(BEGIN);
        script.run(connection).await?;
        let mut script = Script::for_rows(sheet.rows());
        let requests = std::mem::take(&mut sheet.requests);
        let news = News {
            requests: self.look_up_requests(connection, &mut script, requests).await?,
            points: look_up_points(connection, &mut script, &sheet.points).await?,
            events: look_up_events(connection, &mut script, std::mem::take(&mut sheet.events))
                .await?,
        };
        script.run(connection).await?;
        Ok(news)
    }

    async fn look_up_requests(
        &mut self,
        connection: &mut SqliteConnection,
        script: &mut Script,
        rows: Vec<RequestRow>,
    ) -> sqlx::Result<Vec<Changed<RequestRow>>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let requests = Requests::load(connection, rows, self.cache).await?;
        self.has_aliases |= !requests.new_aliases().is_empty();
        table::alias::insert(script, requests.new_aliases());
        table::telling::upsert(script, &requests.retold());
        let (names, messages) = requests.retold_pruned();
        table::pruned::insert(script, &names, &messages);
        let mut changed = Vec::new();
        for known in requests.into_known().filter(Known::changed) {
            let Known { before, mut after, .. } = known;
            self.price(connection, &mut after).await?;
            self.has_nameless |= after.is_nameless();
            self.revision = self.revision.next();
            after.revision = self.revision;
            changed.push(Changed { before, after });
        }
        let (new, improved): (Vec<_>, Vec<_>) =
            changed.iter().partition(|request| request.before.is_none());
        let [new, improved] = [new, improved]
            .map(|rows| rows.into_iter().map(|request| &request.after).collect::<Vec<_>>());
        table::request::replace(script, &improved);
        table::request::insert(script, &new);
        Ok(changed)
    }
}

async fn look_up_points(
    connection: &mut SqliteConnection,
    script: &mut Script,
    rows: &[PointRow],
) -> sqlx::Result<Vec<Changed<PointRow>>> {
    let keys: Vec<_> = rows.iter().map(|row| row.key).collect();
    let known = table::point::find(connection, &keys).await?;
    let known: HashMap<_, _> = known.into_iter().map(|row| (row.key, row)).collect();
    let mut changed = Vec::new();
    for row in rows {
        match known.get(&row.key) {
            None => changed.push(Changed::new(row.clone())),
            Some(before) => {
                let after = merge::points(before, row);
                if after != *before {
                    changed.push(Changed { before: Some(Box::new(before.clone())), after });
                }
            }
        }
    }
    let rows: Vec<_> = changed.iter().map(|point| point.after.clone()).collect();
    table::point::complete(script, &rows);
    Ok(changed)
}

async fn look_up_events(
    connection: &mut SqliteConnection,
    script: &mut Script,
    mut rows: Vec<EventRow>,
) -> sqlx::Result<Vec<EventRow>> {
    let keys: Vec<_> = rows.iter().map(|row| row.key).collect();
    let known: HashSet<_> = table::event::find(connection, &keys).await?.into_iter().collect();
    rows.retain(|row| !known.contains(&row.key));
    table::event::insert(script, &rows);
    Ok(rows)
}
