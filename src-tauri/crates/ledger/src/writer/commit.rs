//! One transaction: rows in, books changed by difference, all or nothing.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use plimsoll_domain::{Fact, NanoUsd, Quarter, Revision, SessionId, Timestamp, Tokens};
use sqlx::{Connection as _, SqliteConnection};

use super::{
    merge,
    sheet::{Sheet, quarter},
};
use crate::{
    Activity, ActivityKind, Change, Commit, Usage,
    books::{Cache, CellKey, Counts, SessionBooks, Side, Tally, exchange},
    query::record,
    table::{
        self, event::EventRow, point::PointRow, quarter::QuarterRow, remainder::RemainderRow,
        request::RequestRow,
    },
};

/// A row that changed: as it was, if it was, and as it is.
struct Changed<T> {
    before: Option<T>,
    after: T,
}

/// Rows that turned out to be new or improved.
#[derive(Default)]
struct News {
    requests: Vec<Changed<RequestRow>>,
    points: Vec<Changed<PointRow>>,
    events: Vec<EventRow>,
}

/// Whether rows are taken for new until SQLite says otherwise, or looked up first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Care {
    Optimistic,
    LookUp,
}

/// Books facts in one transaction. On an error nothing was written and the cache is of no use any more.
pub(crate) async fn facts(
    connection: &mut SqliteConnection,
    cache: &mut Cache,
    revision: Revision,
    facts: &[Fact],
) -> sqlx::Result<Booked> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let mut sheet = Sheet::fill(facts, cache, &mut transaction).await?;
    let mut pen = Pen::new(cache, revision);
    let news = match pen.write_rows(&mut transaction, &mut sheet, Care::Optimistic).await? {
        Some(news) => news,
        None => {
            // Something was known already: begin anew and look before writing. Nothing else was written yet.
            transaction.rollback().await?;
            transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
            let looked_up = pen.write_rows(&mut transaction, &mut sheet, Care::LookUp).await?;
            looked_up.unwrap_or_default()
        }
    };
    let booked = pen.book(&mut transaction, &sheet, news).await?;
    transaction.commit().await?;
    Ok(booked)
}

/// What a transaction did.
pub(crate) struct Booked {
    pub(crate) commit: Commit,
    /// Sessions with unattributed use that is not published yet.
    pub(crate) unsettled: BTreeSet<i64>,
}

/// Publishes what only metrics know of sessions whose difference outlived its quiet time.
pub(crate) async fn settle(
    connection: &mut SqliteConnection,
    cache: &mut Cache,
    revision: Revision,
    sessions: &[i64],
) -> sqlx::Result<Commit> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let mut pen = Pen::new(cache, revision);
    let mut due = Vec::new();
    for session in sessions {
        pen.cache.open_number(&mut transaction, *session).await?;
        due.extend(pen.cache.session(*session).cells.keys().map(|cell| (*session, *cell)));
    }
    let changes = pen.publish(&mut transaction, &due, |_, _| true).await?;
    transaction.commit().await?;
    Ok(Commit { revision: pen.revision, changes, ..Commit::default() })
}

/// What a commit has touched so far.
struct Pen<'a> {
    cache: &'a mut Cache,
    revision: Revision,
    touched: BTreeSet<(i64, CellKey, Quarter, Side)>,
    /// Tallies that count in reports, before and after.
    exchanged: Vec<(Quarter, Side, Tally, Tally)>,
}

impl<'a> Pen<'a> {
    fn new(cache: &'a mut Cache, revision: Revision) -> Self {
        Self { cache, revision, touched: BTreeSet::new(), exchanged: Vec::new() }
    }

    /// Writes requests, points and events. `None`: taken for new, something was known.
    async fn write_rows(
        &mut self,
        connection: &mut SqliteConnection,
        sheet: &mut Sheet,
        care: Care,
    ) -> sqlx::Result<Option<News>> {
        if care == Care::LookUp {
            return Ok(Some(News {
                requests: self.look_up_requests(connection, &sheet.requests).await?,
                points: look_up_points(connection, &sheet.points).await?,
                events: look_up_events(connection, std::mem::take(&mut sheet.events)).await?,
            }));
        }
        let first = self.revision;
        for row in &mut sheet.requests {
            self.revision = self.revision.next();
            row.revision = self.revision;
        }
        let new = table::request::insert(connection, &sheet.requests).await?
            == size(&sheet.requests)
            && table::point::insert(connection, &sheet.points).await? == size(&sheet.points)
            && table::event::insert(connection, &sheet.events).await? == size(&sheet.events);
        if !new {
            self.revision = first;
            return Ok(None);
        }
        Ok(Some(News {
            requests: std::mem::take(&mut sheet.requests).into_iter().map(Changed::new).collect(),
            points: std::mem::take(&mut sheet.points).into_iter().map(Changed::new).collect(),
            events: std::mem::take(&mut sheet.events),
        }))
    }

    async fn look_up_requests(
        &mut self,
        connection: &mut SqliteConnection,
        rows: &[RequestRow],
    ) -> sqlx::Result<Vec<Changed<RequestRow>>> {
        let keys: Vec<_> = rows.iter().map(|row| Arc::clone(&row.key)).collect();
        let known = table::request::find(connection, &keys).await?;
        let known: HashMap<_, _> =
            known.into_iter().map(|row| (Arc::clone(&row.key), row)).collect();
        let (mut changed, mut new) = (Vec::new(), Vec::new());
        for row in rows {
            let before = known.get(&row.key);
            let mut after =
                before.map_or_else(|| row.clone(), |before| merge::requests(before, row));
            if before.is_some_and(|before| !merge::improves(&after, before)) {
                continue;
            }
            self.revision = self.revision.next();
            after.revision = self.revision;
            match before {
                Some(_) => table::request::replace(connection, &after).await?,
                None => new.push(after.clone()),
            }
            changed.push(Changed { before: before.cloned(), after });
        }
        table::request::insert(connection, &new).await?;
        Ok(changed)
    }

    /// Changes the books by the difference that the news make, and writes what changed.
    async fn book(
        &mut self,
        connection: &mut SqliteConnection,
        sheet: &Sheet,
        news: News,
    ) -> sqlx::Result<Booked> {
        self.book_requests(connection, &news.requests).await?;
        for point in &news.points {
            self.book_point(point);
        }
        self.book_readings(connection, sheet).await?;
        table::counter::upsert(connection, &sheet.counters).await?;
        let windows: Vec<_> = sheet
            .million_windows
            .iter()
            .map(|((session, model), at)| (*session, *model, *at))
            .collect();
        table::remainder::name_window(connection, &windows).await?;

        let cells = cells(&self.touched);
        let quarters = self.settle_cells(connection, &cells).await?;
        let mut changes = Vec::new();
        for request in &news.requests {
            changes.push(Change::Usage(
                record::of_request(connection, self.cache, &request.after).await?,
            ));
        }
        let at_once = |books: &SessionBooks, cell| {
            !books.row.has_events || books.published.contains_key(&cell)
        };
        changes.extend(self.publish(connection, &cells, at_once).await?);
        self.store_numbered(connection, sheet, &news).await?;
        let activities = self.activities(connection, sheet, news).await?;
        let sessions: Vec<_> = sheet
            .sessions
            .iter()
            .filter_map(|session| self.cache.session(*session).summary())
            .collect();
        let unpublished = cells
            .iter()
            .filter(|(session, cell)| self.cache.session(*session).unpublished(*cell).is_some());
        let unsettled = unpublished.map(|(session, _)| *session).collect();
        let commit = Commit { revision: self.revision, changes, activities, sessions, quarters };
        Ok(Booked { commit, unsettled })
    }

    async fn book_requests(
        &mut self,
        connection: &mut SqliteConnection,
        requests: &[Changed<RequestRow>],
    ) -> sqlx::Result<()> {
        for Changed { before, after } in requests {
            if let Some(before) = before {
                self.cache.open_number(connection, before.session).await?;
                let cell = (before.model, before.source);
                let change = (tally_of(before), Tally::EMPTY);
                self.enter((before.session, cell, quarter(before.at), Side::Known), change);
            }
            let cell = (after.model, after.source);
            self.cache.session(after.session).row.has_events = true;
            let place = (after.session, cell, quarter(after.at), Side::Known);
            self.enter(place, (Tally::EMPTY, tally_of(after)));
        }
        Ok(())
    }

    fn book_point(&mut self, point: &Changed<PointRow>) {
        let Changed { before, after } = point;
        let tally = |row: &PointRow| metered(counts_of(row), row.at);
        self.cache.session(after.session).row.has_metrics = true;
        let place = (after.session, (after.model, after.source), quarter(after.at), Side::Metered);
        self.enter(place, (before.as_ref().map_or(Tally::EMPTY, tally), tally(after)));
    }

    async fn book_readings(
        &mut self,
        connection: &mut SqliteConnection,
        sheet: &Sheet,
    ) -> sqlx::Result<()> {
        let mut rows = Vec::new();
        for reading in &sheet.readings {
            let tracker = self.cache.series(connection, reading.key).await?;
            let increments = tracker.read(quarter(reading.at), reading.counts);
            for increment in &increments {
                rows.push((reading.key, increment.quarter, tracker.stored(increment.quarter)));
            }
            if !increments.is_empty() {
                self.cache.session(reading.session).row.has_metrics = true;
            }
            for increment in increments {
                let at = if increment.quarter == quarter(reading.at) {
                    reading.at
                } else {
                    increment.quarter.start()
                };
                let place = (reading.session, reading.cell, increment.quarter, Side::Metered);
                self.enter(place, (metered(increment.before, at), metered(increment.after, at)));
            }
        }
        // The last row of a series and quarter is the one that holds all of the commit's readings.
        let mut seen = HashSet::new();
        rows.reverse();
        rows.retain(|(key, quarter, _)| seen.insert((*key, *quarter)));
        table::series::upsert(connection, &rows).await
    }

    fn enter(&mut self, place: (i64, CellKey, Quarter, Side), change: (Tally, Tally)) {
        let (session, cell, quarter, side) = place;
        self.cache.session(session).book(cell, quarter, side, change);
        self.touched.insert(place);
        if side == Side::Known {
            self.exchanged.push((quarter, side, change.0, change.1));
        }
    }

    /// Derives the unattributed part of the touched cells, writes every sum that changed, and returns the use
    /// of the quarters that are reported differently now.
    async fn settle_cells(
        &mut self,
        connection: &mut SqliteConnection,
        cells: &[(i64, CellKey)],
    ) -> sqlx::Result<Vec<(Quarter, Usage)>> {
        for (session, cell) in cells {
            for (quarter, before, after) in self.cache.session(*session).settle(*cell) {
                self.touched.insert((*session, *cell, quarter, Side::Unattributed));
                self.exchanged.push((quarter, Side::Unattributed, before, after));
            }
        }
        let mut quarters = BTreeMap::new();
        for (quarter, side, before, after) in std::mem::take(&mut self.exchanged) {
            // Opened before the rows are written: it holds what was true before this commit.
            let usage = self.cache.quarter(connection, quarter).await?;
            *usage = exchange(*usage, side, before, after);
            quarters.insert(quarter, *usage);
        }
        let rows: Vec<_> = self
            .touched
            .iter()
            .map(|(session, cell, quarter, side)| QuarterRow {
                session: *session,
                cell: *cell,
                quarter: *quarter,
                side: *side,
                tally: self.cache.session(*session).cells[cell].tally(*quarter, *side),
            })
            .collect();
        table::quarter::upsert(connection, &rows).await?;
        Ok(quarters.into_iter().collect())
    }

    /// Publishes the remainders of those cells that are due, as changes with revisions of their own.
    async fn publish(
        &mut self,
        connection: &mut SqliteConnection,
        cells: &[(i64, CellKey)],
        due: impl Fn(&SessionBooks, CellKey) -> bool,
    ) -> sqlx::Result<Vec<Change>> {
        let mut rows = Vec::new();
        for (session, cell) in cells {
            let books = self.cache.session(*session);
            let Some(remainder) = books.unpublished(*cell).filter(|_| due(books, *cell)) else {
                continue;
            };
            books.published.insert(*cell, remainder);
            self.revision = self.revision.next();
            rows.push(RemainderRow {
                revision: self.revision,
                session: *session,
                cell: *cell,
                remainder,
            });
        }
        table::remainder::upsert(connection, &rows).await?;
        let mut changes = Vec::new();
        for row in &rows {
            changes.push(Change::Usage(record::of_remainder(connection, self.cache, row).await?));
        }
        Ok(changes)
    }

    /// Stores the sessions, models and processes that rows refer to by number.
    async fn store_numbered(
        &mut self,
        connection: &mut SqliteConnection,
        sheet: &Sheet,
        news: &News,
    ) -> sqlx::Result<()> {
        table::model::insert(connection, &self.cache.take_new_models()).await?;
        // A session that rows refer to is stored even when only counters told of it.
        let mentioned = sheet.counters.iter().map(|row| row.session);
        let all: BTreeSet<_> = sheet.sessions.iter().copied().chain(mentioned).collect();
        let rows: Vec<_> =
            all.iter().filter_map(|session| self.cache.session(*session).unstored()).collect();
        table::session::upsert(connection, &rows).await?;
        if news.requests.is_empty() && news.events.is_empty() {
            return Ok(());
        }
        let processes = self.cache.processes.unstored(&sheet.connections);
        table::process::upsert(connection, &processes).await
    }

    /// What is new, for those who watch.
    async fn activities(
        &mut self,
        connection: &mut SqliteConnection,
        sheet: &Sheet,
        news: News,
    ) -> sqlx::Result<Vec<Activity>> {
        let mut activities = Vec::new();
        for Changed { after, .. } in &news.requests {
            let model = self.cache.model_of(connection, after.model).await?;
            let Some(session) = self.session_id(after.session) else { continue };
            activities.push(record::request_activity(after, session, model));
        }
        for event in &news.events {
            let Some(session) = self.session_id(event.session) else { continue };
            activities.extend(record::event_activity(event, session));
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
                arrived: row.last_arrival,
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

impl<T> Changed<T> {
    fn new(after: T) -> Self {
        Self { before: None, after }
    }
}

async fn look_up_points(
    connection: &mut SqliteConnection,
    rows: &[PointRow],
) -> sqlx::Result<Vec<Changed<PointRow>>> {
    let keys: Vec<_> = rows.iter().map(|row| row.key).collect();
    let known = table::point::find(connection, &keys).await?;
    let known: HashMap<_, _> = known.into_iter().map(|row| (row.key, row)).collect();
    let (mut changed, mut new) = (Vec::new(), Vec::new());
    for row in rows {
        match known.get(&row.key) {
            None => {
                new.push(row.clone());
                changed.push(Changed::new(row.clone()));
            }
            Some(before) => {
                let after = merge::points(before, row);
                if after != *before {
                    table::point::complete(connection, &after).await?;
                    changed.push(Changed { before: Some(before.clone()), after });
                }
            }
        }
    }
    table::point::insert(connection, &new).await?;
    Ok(changed)
}

async fn look_up_events(
    connection: &mut SqliteConnection,
    mut rows: Vec<EventRow>,
) -> sqlx::Result<Vec<EventRow>> {
    let keys: Vec<_> = rows.iter().map(|row| row.key).collect();
    let known: HashSet<_> = table::event::find(connection, &keys).await?.into_iter().collect();
    rows.retain(|row| !known.contains(&row.key));
    table::event::insert(connection, &rows).await?;
    Ok(rows)
}

fn tally_of(row: &RequestRow) -> Tally {
    Tally {
        requests: 1,
        unpriced: u64::from(row.cost.is_none()),
        tokens: row.tokens,
        cost: row.cost.unwrap_or(NanoUsd::ZERO),
        first_at: row.at,
        last_at: row.at,
    }
}

fn counts_of(row: &PointRow) -> Counts {
    let tokens = Tokens {
        input: row.input.unwrap_or(0),
        output: row.output.unwrap_or(0),
        cache_read: row.cache_read.unwrap_or(0),
        cache_creation: row.cache_creation.unwrap_or(0),
    };
    Counts { tokens, cost: row.cost.unwrap_or(NanoUsd::ZERO) }
}

fn metered(counts: Counts, at: Timestamp) -> Tally {
    if counts == Counts::default() {
        return Tally::EMPTY;
    }
    Tally { tokens: counts.tokens, cost: counts.cost, first_at: at, last_at: at, ..Tally::EMPTY }
}

fn cells(touched: &BTreeSet<(i64, CellKey, Quarter, Side)>) -> Vec<(i64, CellKey)> {
    let mut cells: Vec<_> = touched.iter().map(|(session, cell, _, _)| (*session, *cell)).collect();
    cells.dedup();
    cells
}

fn size<T>(rows: &[T]) -> u64 {
    u64::try_from(rows.len()).unwrap_or(u64::MAX)
}
