//! One transaction: rows in, books changed by difference, all or nothing.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_domain::{ApiRequest, Position, Quarter, Revision, Timestamp, Witness};
use sqlx::SqliteConnection;

use super::{
    amount::{counts_of, metered, tally_of},
    news::{Booked, Changed, News},
    sheet::Sheet,
};
use crate::{
    Change, Commit, TranscriptPart, Usage,
    books::{Cache, CellKey, SessionBooks, Side, Tally, exchange},
    query::record,
    table::{
        self, Script, point::PointRow, quarter::QuarterRow, remainder::RemainderRow,
        request::RequestRow,
    },
};

pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";
const COMMIT: &str = "COMMIT";
const ROLLBACK: &str = "ROLLBACK";

/// Books facts, and how far their files were read, in one transaction. On an error nothing was written and the cache
/// is of no use any more.
pub(crate) async fn facts(
    connection: &mut SqliteConnection,
    cache: &mut Cache,
    revision: Revision,
    TranscriptPart { facts, positions, told_from, .. }: &TranscriptPart,
) -> sqlx::Result<Booked> {
    let mut sheet = Sheet::fill(facts, cache, connection).await?;
    let mut pen = Pen { told_from: *told_from, ..Pen::new(cache, revision) };
    if sheet.is_empty() && positions.is_empty() {
        return Ok(Booked::nothing(revision));
    }
    let booked = async {
        let plain = sheet.is_plain(pen.cache)
            && !(pen.cache.has_pruned && sheet.names_pruned(connection).await?);
        let news = match pen.write_new(connection, &mut sheet, plain).await? {
            Some(news) => news,
            None => pen.look_up(connection, &mut sheet).await?,
        };
        pen.book(connection, &mut sheet, news, positions).await
    };
    finish(booked.await, connection).await
}

/// Publishes what only metrics know of sessions whose difference outlived its quiet time.
pub(crate) async fn settle(
    connection: &mut SqliteConnection,
    cache: &mut Cache,
    revision: Revision,
    sessions: &[i64],
) -> sqlx::Result<Commit> {
    let mut pen = Pen::new(cache, revision);
    let mut due = Vec::new();
    for session in sessions {
        pen.cache.open_number(connection, *session).await?;
        due.extend(pen.cache.session(*session).cells.keys().map(|cell| (*session, *cell)));
    }
    let mut script = Script::default();
    script.say(BEGIN);
    let changes = pen.publish(connection, &mut script, &due, |_, _| true).await?;
    script.say(COMMIT);
    finish(script.run(connection).await, connection).await?;
    Ok(Commit { revision: pen.revision, changes, ..Commit::default() })
}

/// Ends a transaction that failed.
pub(super) async fn finish<T>(
    outcome: sqlx::Result<T>,
    connection: &mut SqliteConnection,
) -> sqlx::Result<T> {
    if outcome.is_err() {
        // Fails where no transaction was begun, which is as good.
        let _ = sqlx::query(ROLLBACK).execute(connection).await;
    }
    outcome
}

/// What a commit has touched so far.
pub(super) struct Pen<'a> {
    pub(super) cache: &'a mut Cache,
    pub(super) revision: Revision,
    /// What happened before this time is not told.
    pub(super) told_from: Timestamp,
    /// As the cache knows after this commit.
    pub(super) has_aliases: bool,
    pub(super) has_nameless: bool,
    pub(super) touched: BTreeSet<(i64, CellKey, Quarter, Side)>,
    /// Tallies that count in reports, before and after.
    exchanged: Vec<(Quarter, Side, Tally, Tally)>,
}

impl<'a> Pen<'a> {
    pub(super) fn new(cache: &'a mut Cache, revision: Revision) -> Self {
        Self {
            has_aliases: cache.has_aliases,
            has_nameless: cache.has_nameless,
            cache,
            revision,
            told_from: Timestamp::EPOCH,
            touched: BTreeSet::new(),
            exchanged: Vec::new(),
        }
    }

    /// Gives a request that counts the price of the table.
    pub(super) async fn price(
        &mut self,
        connection: &mut SqliteConnection,
        row: &mut RequestRow,
    ) -> sqlx::Result<()> {
        let model = self.cache.model_of(connection, row.model).await?;
        let price = self.cache.prices.cost(&ApiRequest {
            cache_creation_1h: row.cache_creation_1h,
            fast: row.fast,
            us_only: row.us_only,
            web_searches: row.web_searches,
            ..ApiRequest::new(None, model, row.source, row.tokens)
        });
        row.price = price.filter(|_| !row.retracted);
        Ok(())
    }

    /// Begins a transaction and writes requests, points and events, taken for new. `None`: something was known, or
    /// may be, and no transaction is open.
    async fn write_new(
        &mut self,
        connection: &mut SqliteConnection,
        sheet: &mut Sheet,
        plain: bool,
    ) -> sqlx::Result<Option<News>> {
        if !plain {
            return Ok(None);
        }
        let first = self.revision;
        for row in &mut sheet.requests {
            self.price(connection, row).await?;
            self.revision = self.revision.next();
            row.revision = self.revision;
        }
        let mut script = Script::for_rows(sheet.rows());
        script.say(BEGIN);
        table::request::insert(&mut script, &sheet.requests);
        table::point::insert(&mut script, &sheet.points);
        table::event::insert(&mut script, &sheet.events);
        if !script.run(connection).await? {
            self.revision = first;
            sqlx::query(ROLLBACK).execute(connection).await?;
            return Ok(None);
        }
        Ok(Some(News {
            requests: std::mem::take(&mut sheet.requests).into_iter().map(Changed::new).collect(),
            points: std::mem::take(&mut sheet.points).into_iter().map(Changed::new).collect(),
            events: std::mem::take(&mut sheet.events),
        }))
    }

    /// Changes the books by the difference that the news make, writes what changed, and commits.
    pub(super) async fn book(
        &mut self,
        connection: &mut SqliteConnection,
        sheet: &mut Sheet,
        news: News,
        positions: &[Position],
    ) -> sqlx::Result<Booked> {
        let mut script = Script::for_rows(sheet.rows().max(news.requests.len()));
        table::transcript::upsert(&mut script, positions);
        self.state(&mut script, sheet);
        self.book_requests(connection, &news.requests).await?;
        for point in &news.points {
            self.book_point(point);
        }
        self.book_readings(sheet);
        let series: Vec<_> =
            sheet.series.iter().map(|((key, quarter), counts)| (*key, *quarter, *counts)).collect();
        table::series::upsert(&mut script, &series);
        table::counter::upsert(&mut script, &sheet.counters);
        let windows: Vec<_> = sheet
            .million_windows
            .iter()
            .map(|((session, model), at)| (*session, *model, *at))
            .collect();
        table::remainder::name_window(&mut script, &windows);

        let cells = cells(&self.touched);
        let quarters = self.settle_cells(connection, &mut script, &cells).await?;
        let told_from = self.told_from;
        let unlisted = news.requests.iter().any(|request| request.after.at < told_from);
        let mut changes = self.list(connection, &news.requests).await?;
        let at_once = |books: &SessionBooks, cell| {
            !(books.row.has_events || books.row.has_transcript)
                || books.published.contains_key(&cell)
        };
        changes.extend(self.publish(connection, &mut script, &cells, at_once).await?);
        if unlisted {
            changes.clear();
        }
        self.store_numbered(&mut script, sheet);
        let activities = self.activities(connection, sheet, news).await?;
        let sessions: Vec<_> = sheet
            .sessions
            .iter()
            .filter_map(|session| self.cache.session(*session).summary())
            .filter(|summary| summary.last_at >= told_from)
            .collect();
        let unpublished = cells
            .iter()
            .filter(|(session, cell)| self.cache.session(*session).unpublished(*cell).is_some());
        let unsettled = unpublished.map(|(session, _)| *session).collect();
        script.say(COMMIT);
        script.run(connection).await?;
        self.cache.has_aliases = self.has_aliases;
        self.cache.has_nameless = self.has_nameless;
        let revision = self.revision;
        let commit = Commit { revision, changes, unlisted, activities, sessions, quarters };
        Ok(Booked { commit, unsettled })
    }

    /// The records of requests that are not of long ago.
    async fn list(
        &mut self,
        connection: &mut SqliteConnection,
        requests: &[Changed<RequestRow>],
    ) -> sqlx::Result<Vec<Change>> {
        let mut changes = Vec::new();
        for Changed { after, .. } in requests {
            if after.at >= self.told_from {
                let record = record::of_request(connection, self.cache, after).await?;
                changes.push(Change::Usage(record));
            }
        }
        Ok(changes)
    }

    /// Writes what the client states of itself.
    fn state(&mut self, script: &mut Script, sheet: &Sheet) {
        table::client::upsert_totals(script, &sheet.totals);
        let rows: Vec<_> = sheet.statuses.iter().map(|status| status.row).collect();
        table::client::upsert_statuses(script, &rows);
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
                self.enter((before.session, cell, Quarter::of(before.at), Side::Known), change);
            }
            let cell = (after.model, after.source);
            self.cache.open_number(connection, after.session).await?;
            let row = &mut self.cache.session(after.session).row;
            row.has_events |= after.witnesses.contains(Witness::Event);
            let place = (after.session, cell, Quarter::of(after.at), Side::Known);
            self.enter(place, (Tally::EMPTY, tally_of(after)));
        }
        Ok(())
    }

    fn book_point(&mut self, point: &Changed<PointRow>) {
        let Changed { before, after } = point;
        let tally = |row: &PointRow| metered(counts_of(row), row.at);
        self.cache.session(after.session).row.has_metrics = true;
        let place =
            (after.session, (after.model, after.source), Quarter::of(after.at), Side::Metered);
        self.enter(place, (before.as_deref().map_or(Tally::EMPTY, tally), tally(after)));
    }

    fn book_readings(&mut self, sheet: &Sheet) {
        for reading in &sheet.readings {
            self.cache.session(reading.session).row.has_metrics = true;
            for increment in &reading.increments {
                let told = Quarter::of(reading.at) == increment.quarter;
                let at = if told { reading.at } else { increment.quarter.start() };
                let place = (reading.session, reading.cell, increment.quarter, Side::Metered);
                self.enter(place, (metered(increment.before, at), metered(increment.after, at)));
            }
        }
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
        script: &mut Script,
        cells: &[(i64, CellKey)],
    ) -> sqlx::Result<Vec<(Quarter, Usage)>> {
        for (session, cell) in cells {
            for (quarter, before, after) in self.cache.session(*session).settle(*cell) {
                self.touched.insert((*session, *cell, quarter, Side::Unattributed));
                self.exchanged.push((quarter, Side::Unattributed, before, after));
            }
        }
        let mut quarters = BTreeMap::new();
        let past = Quarter::of(self.told_from);
        for (quarter, side, before, after) in std::mem::take(&mut self.exchanged) {
            if quarter < past {
                self.cache.forget_quarter(quarter);
                continue;
            }
            // Opened before the rows are written: it holds what was true before this commit.
            let usage = self.cache.quarter(connection, quarter).await?;
            *usage = exchange(*usage, side, before, after);
            quarters.insert(quarter, *usage);
        }
        let (mut known, mut new) = (Vec::new(), Vec::new());
        for (session, cell, quarter, side) in &self.touched {
            let tally = self.cache.session(*session).cells[cell].tally(*quarter, *side);
            let row = QuarterRow {
                session: *session,
                cell: *cell,
                quarter: *quarter,
                side: *side,
                tally,
            };
            let rows = if self.cache.is_stored(*session) { &mut known } else { &mut new };
            rows.push(row);
        }
        table::quarter::upsert(script, &known);
        table::quarter::insert(script, &new);
        Ok(quarters.into_iter().collect())
    }

    /// Publishes the remainders of those cells that are due, as changes with revisions of their own.
    async fn publish(
        &mut self,
        connection: &mut SqliteConnection,
        script: &mut Script,
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
        table::remainder::upsert(script, &rows);
        let mut changes = Vec::new();
        for row in &rows {
            changes.push(Change::Usage(record::of_remainder(connection, self.cache, row).await?));
        }
        Ok(changes)
    }

    /// Stores the sessions, models and processes that rows refer to by number.
    fn store_numbered(&mut self, script: &mut Script, sheet: &Sheet) {
        table::model::insert(script, &self.cache.take_new_models());
        let processes = self.cache.processes.unstored(&sheet.connections);
        // A session that rows refer to is stored even when only counters or running numbers told of it.
        let counted = sheet.counters.iter().map(|row| row.session);
        let mentioned = counted.chain(processes.iter().map(|process| process.session));
        let all: BTreeSet<_> = sheet.sessions.iter().copied().chain(mentioned).collect();
        let rows: Vec<_> =
            all.iter().filter_map(|session| self.cache.session(*session).unstored()).collect();
        table::session::upsert(script, &rows);
        table::process::upsert(script, &processes);
    }
}

fn cells(touched: &BTreeSet<(i64, CellKey, Quarter, Side)>) -> Vec<(i64, CellKey)> {
    let mut cells: Vec<_> = touched.iter().map(|(session, cell, _, _)| (*session, *cell)).collect();
    cells.dedup();
    cells
}
