//! What the writer holds in memory of the file. Everything in it can be read from the file again, so a cache
//! that outgrows its bound, and everything after a failed commit, is simply forgotten.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use plimsoll_domain::{Fact, Model, PriceTable, Quarter, SessionId, Timestamp};
use sqlx::SqliteConnection;

use super::{Cumulative, Processes, SessionBooks, SessionRow, Tally, session::exchange};
use crate::{
    Usage,
    table::{self, quarter::QuarterRow},
};

const MOST_SESSIONS: usize = 512;
const MOST_MODELS: usize = 256;
const MOST_SERIES: usize = 4096;
const MOST_QUARTERS: usize = 256;

/// The part of the books that is in use.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    sessions: HashMap<i64, SessionBooks>,
    numbers: HashMap<Arc<str>, i64>,
    models: HashMap<Model, i64>,
    model_names: HashMap<i64, Model>,
    series: HashMap<table::series::SeriesKey, Cumulative>,
    counters: HashMap<table::series::SeriesKey, u64>,
    quarters: BTreeMap<Quarter, Usage>,
    pub(crate) processes: Processes,
    new_models: Vec<(i64, Model)>,
    last_model: i64,
    last_session: i64,
    pub(crate) last_process: i64,
    /// What requests cost whose cost nobody told.
    pub(crate) prices: Arc<PriceTable>,
    /// Whether any request is known by more than one name.
    pub(crate) has_aliases: bool,
    /// Whether any request is known by none of the provider's names: then a new telling may mean it.
    pub(crate) has_nameless: bool,
    /// Whether any request was pruned: then a telling may mean one of those.
    pub(crate) has_pruned: bool,
    /// Before this time, in nanoseconds, readings, counters and events are pruned and not taken again; 0: never.
    pub(crate) horizon: i64,
}

impl Cache {
    /// An empty cache that knows which numbers were given.
    pub(crate) async fn open(
        connection: &mut SqliteConnection,
        prices: Arc<PriceTable>,
    ) -> sqlx::Result<Self> {
        Ok(Self {
            prices,
            last_model: table::model::last_id(connection).await?,
            last_session: table::session::last_id(connection).await?,
            last_process: table::process::last_id(connection).await?,
            has_aliases: table::alias::any(connection).await?,
            has_nameless: table::request::any_nameless(connection).await?,
            has_pruned: table::pruned::any(connection).await?,
            horizon: table::pruned::horizon(connection).await?,
            ..Self::default()
        })
    }

    /// Forgets what the file knows too; between commits only. Connections keep their processes.
    pub(crate) fn rest(&mut self) {
        *self = Self {
            processes: std::mem::take(&mut self.processes),
            last_process: self.last_process,
            last_model: self.last_model,
            last_session: self.last_session,
            has_aliases: self.has_aliases,
            has_nameless: self.has_nameless,
            has_pruned: self.has_pruned,
            horizon: self.horizon,
            prices: Arc::clone(&self.prices),
            ..Self::default()
        };
    }

    /// Whether what is dated so, as received, was pruned.
    pub(crate) fn is_pruned(&self, time: i64) -> bool {
        (1..self.horizon).contains(&time)
    }

    /// Forgets what outgrew its bound; between commits only.
    pub(crate) fn trim(&mut self) {
        if self.sessions.len() > MOST_SESSIONS {
            self.sessions.clear();
            self.numbers.clear();
        }
        if self.models.len() > MOST_MODELS {
            self.models.clear();
            self.model_names.clear();
        }
        if self.series.len() > MOST_SERIES {
            self.series.clear();
        }
        if self.counters.len() > MOST_SERIES {
            self.counters.clear();
        }
        while self.quarters.len() > MOST_QUARTERS {
            self.quarters.pop_first();
        }
    }

    /// The number of a session, loaded or newly given.
    pub(crate) async fn number(
        &mut self,
        connection: &mut SqliteConnection,
        session: Option<&SessionId>,
        at: Timestamp,
    ) -> sqlx::Result<i64> {
        let name = session.map_or("", SessionId::as_str);
        if let Some(number) = self.numbers.get(name) {
            return Ok(*number);
        }
        let stored = table::session::find(connection, name).await?;
        self.begin(connection, name, at, stored).await
    }

    /// Loads or begins the books of all sessions that facts tell of, where there are several unknown ones.
    pub(crate) async fn open_all(
        &mut self,
        connection: &mut SqliteConnection,
        facts: &[Fact],
    ) -> sqlx::Result<()> {
        let mut unknown: HashMap<&str, (&Fact, Option<SessionRow>)> = HashMap::new();
        for fact in facts {
            let name = fact.session.as_ref().map_or("", SessionId::as_str);
            if !self.numbers.contains_key(name) {
                unknown.entry(name).or_insert((fact, None));
            }
        }
        if unknown.len() < 2 {
            return Ok(());
        }
        let names: Vec<Arc<str>> = unknown.keys().map(|name| Arc::from(*name)).collect();
        for row in table::session::find_all(connection, &names).await? {
            if let Some((_, stored)) = unknown.get_mut(&*row.name) {
                *stored = Some(row);
            }
        }
        for (name, (fact, stored)) in unknown {
            self.begin(connection, name, fact.envelope.at, stored).await?;
        }
        Ok(())
    }

    async fn begin(
        &mut self,
        connection: &mut SqliteConnection,
        name: &str,
        at: Timestamp,
        stored: Option<SessionRow>,
    ) -> sqlx::Result<i64> {
        let row = stored.clone().unwrap_or_else(|| {
            self.last_session += 1;
            SessionRow::new(self.last_session, name, at)
        });
        self.load(connection, row, stored).await
    }

    /// Loads the books of a numbered session.
    pub(crate) async fn open_number(
        &mut self,
        connection: &mut SqliteConnection,
        number: i64,
    ) -> sqlx::Result<()> {
        if !self.sessions.contains_key(&number) {
            let name = table::session::name_of(connection, number).await?;
            if let Some(row) = table::session::find(connection, &name).await? {
                self.load(connection, row.clone(), Some(row)).await?;
            }
        }
        Ok(())
    }

    async fn load(
        &mut self,
        connection: &mut SqliteConnection,
        row: SessionRow,
        stored: Option<SessionRow>,
    ) -> sqlx::Result<i64> {
        let number = row.id;
        let mut books = SessionBooks::new(row, stored);
        if books.stored.is_some() {
            for row in table::quarter::of_session(connection, number).await? {
                books.restore(row.cell, row.quarter, row.side, row.tally);
                self.model_of(connection, row.cell.0).await?;
            }
            for row in table::remainder::of_session(connection, number).await? {
                books.published.insert(row.cell, row.remainder);
            }
        }
        self.numbers.insert(books.row.name.clone(), number);
        self.sessions.insert(number, books);
        Ok(number)
    }

    /// The books of a session that was numbered in this commit.
    pub(crate) fn session(&mut self, number: i64) -> &mut SessionBooks {
        self.sessions.get_mut(&number).expect("a session is loaded when it is numbered")
    }

    /// Whether the file holds anything of a session that was numbered in this commit.
    pub(crate) fn is_stored(&self, number: i64) -> bool {
        self.sessions.get(&number).is_none_or(|books| books.stored.is_some())
    }

    /// The number of a model, loaded or newly given.
    pub(crate) async fn model(
        &mut self,
        connection: &mut SqliteConnection,
        model: &Model,
    ) -> sqlx::Result<i64> {
        if let Some(number) = self.models.get(model) {
            return Ok(*number);
        }
        let number = match table::model::find(connection, model).await? {
            Some(number) => number,
            None => {
                self.last_model += 1;
                self.new_models.push((self.last_model, model.clone()));
                self.last_model
            }
        };
        self.models.insert(model.clone(), number);
        self.model_names.insert(number, model.clone());
        Ok(number)
    }

    /// The models that were given numbers and are not stored yet.
    pub(crate) fn take_new_models(&mut self) -> Vec<(i64, Model)> {
        std::mem::take(&mut self.new_models)
    }

    /// The model of a number.
    pub(crate) async fn model_of(
        &mut self,
        connection: &mut SqliteConnection,
        number: i64,
    ) -> sqlx::Result<Model> {
        if let Some(model) = self.model_names.get(&number) {
            return Ok(model.clone());
        }
        let model = Model::parse(&table::model::name_of(connection, number).await?).0;
        self.models.insert(model.clone(), number);
        self.model_names.insert(number, model.clone());
        Ok(model)
    }

    /// The tracker of a cumulative series.
    pub(crate) async fn series(
        &mut self,
        connection: &mut SqliteConnection,
        key: table::series::SeriesKey,
    ) -> sqlx::Result<&mut Cumulative> {
        use std::collections::hash_map::Entry;
        match self.series.entry(key) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(new) => Ok(new.insert(table::series::load(connection, key).await?)),
        }
    }

    /// Notes the value of a cumulative counter; false when it is known to be no news.
    pub(crate) fn counter_grew(&mut self, key: table::series::SeriesKey, value: u64) -> bool {
        match self.counters.insert(key, value) {
            Some(known) if known >= value => {
                self.counters.insert(key, known);
                false
            }
            _ => true,
        }
    }

    /// Forgets the use of a quarter, which changes and is not told.
    pub(crate) fn forget_quarter(&mut self, quarter: Quarter) {
        self.quarters.remove(&quarter);
    }

    /// The use of a quarter over all sessions, loaded as it is stored.
    pub(crate) async fn quarter(
        &mut self,
        connection: &mut SqliteConnection,
        quarter: Quarter,
    ) -> sqlx::Result<&mut Usage> {
        use std::collections::btree_map::Entry;
        match self.quarters.entry(quarter) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(new) => {
                let rows = table::quarter::of_quarter(connection, quarter).await?;
                let add = |sum, row: &QuarterRow| exchange(sum, row.side, Tally::EMPTY, row.tally);
                Ok(new.insert(rows.iter().fold(Usage::default(), add)))
            }
        }
    }
}
