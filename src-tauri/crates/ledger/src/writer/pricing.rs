//! The writer's part of pricing requests anew.

use plimsoll_domain::Revision;
use sqlx::SqliteConnection;

use super::{
    commit::{BEGIN, Pen, finish},
    news::{Booked, Changed, News},
    sheet::Sheet,
};
use crate::{
    books::Cache,
    table::{Script, request},
};

/// Gives the requests of a stretch of revisions the prices of the table, in one transaction. A price that counts makes
/// an improved record; beside the client's own cost it is but a check. Tells how many prices changed.
pub(super) async fn requests(
    connection: &mut SqliteConnection,
    cache: &mut Cache,
    revision: Revision,
    stretch: (i64, i64),
) -> sqlx::Result<(Booked, u64)> {
    let rows = request::between(connection, stretch).await?;
    let (mut pen, mut sheet) = (Pen::new(cache, revision), Sheet::default());
    let (mut changed, mut checks) = (Vec::new(), Vec::new());
    for before in rows {
        let mut after = before.clone();
        pen.price(connection, &mut after).await?;
        if after.price == before.price {
            continue;
        }
        if after.cost.is_some() {
            checks.push((after.revision, after.price));
            continue;
        }
        pen.revision = pen.revision.next();
        after.revision = pen.revision;
        pen.cache.open_number(connection, after.session).await?;
        sheet.sessions.insert(after.session);
        changed.push(Changed { before: Some(Box::new(before)), after });
    }
    let count = changed.len() + checks.len();
    if count == 0 {
        return Ok((Booked::nothing(revision), 0));
    }
    let booked = async {
        let mut script = Script::for_rows(count);
        script.say(BEGIN);
        let rows: Vec<_> = changed.iter().map(|request| &request.after).collect();
        request::replace(&mut script, &rows);
        request::set_prices(&mut script, &checks);
        script.run(connection).await?;
        let news = News { requests: changed, ..News::default() };
        pen.book(connection, &mut sheet, news, &[]).await
    };
    let booked = finish(booked.await, connection).await?;
    Ok((booked, count.try_into().unwrap_or(u64::MAX)))
}
