//! Which request a telling means: by its name, by a second name, as a copy of an answer, or, where a witness lacks
//! the name, by its session, model and tokens within two seconds.
//!
//! All that may be meant is read first, in few statements; then each telling is decided in memory.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use plimsoll_domain::{Timestamp, Tokens};
use sqlx::SqliteConnection;

use super::known::{Known, NEAR};
use crate::{
    books::Cache,
    table::{
        alias, pruned,
        pruned::Pruned,
        request::{self, Near, RequestRow},
        telling,
        telling::Telling,
    },
};

/// The requests that a commit's tellings mean.
#[derive(Debug, Default)]
pub(super) struct Requests {
    known: Vec<Known>,
    /// Where each is, by its key.
    places: HashMap<Arc<str>, usize>,
    /// Where those are that a telling without a name may mean: by session, model and tokens.
    alike: HashMap<(i64, i64, Tokens), Vec<usize>>,
    /// Where the answers of sessions are, of which side logs may hold copies.
    answers: HashMap<(i64, i64), Vec<usize>>,
    /// Second names, of the file and of this commit.
    aliases: HashMap<Arc<str>, Arc<str>>,
    /// Those of this commit.
    new_aliases: Vec<(Arc<str>, Arc<str>)>,
    /// Where rows of side logs are with a message that this commit tells of.
    side_logs: HashMap<i64, Vec<usize>>,
    /// Names and answers of pruned requests, which count and say nothing new.
    pruned: Pruned,
    /// Those that this commit tells of.
    retold_pruned: Vec<(Arc<str>, Option<i64>)>,
    /// Whether any request that may be meant has no name.
    has_nameless: bool,
}

impl Requests {
    /// Finds or makes the request of each telling, and merges them in.
    pub(super) async fn load(
        connection: &mut SqliteConnection,
        mut rows: Vec<RequestRow>,
        cache: &Cache,
    ) -> sqlx::Result<Self> {
        let has_nameless = cache.has_nameless || rows.iter().any(RequestRow::is_nameless);
        let mut requests = Self { has_nameless, ..Self::default() };
        requests.look_up(connection, &rows, cache.has_aliases).await?;
        let unknown: Vec<_> = rows
            .iter()
            .filter(|row| requests.place(&requests.resolve(&row.key)).is_none())
            .collect();
        requests.look_for_answers(connection, &unknown, cache).await?;
        if has_nameless {
            requests.look_around(connection, &unknown, cache).await?;
        }
        if cache.has_pruned {
            requests.look_up_pruned(connection, &rows).await?;
        }
        // Copies last, so that what they repeat is known by then; by name, so that they are written as they are kept.
        rows.sort_by_cached_key(|row| (row.side_log, row.is_nameless(), Arc::clone(&row.key)));
        rows.into_iter().for_each(|row| requests.enter(row));
        Ok(requests)
    }

    /// The requests, in order of their keys.
    pub(super) fn into_known(self) -> impl Iterator<Item = Known> {
        let mut known = self.known;
        known.sort_by_cached_key(|known| Arc::clone(&known.after.key));
        known.into_iter()
    }

    /// The second names that are new.
    pub(super) fn new_aliases(&self) -> &[(Arc<str>, Arc<str>)] {
        &self.new_aliases
    }

    /// Names of pruned requests, and their answers: some may be new.
    pub(super) fn retold_pruned(&self) -> (Vec<Arc<str>>, Vec<i64>) {
        let names = self.retold_pruned.iter().map(|(key, _)| Arc::clone(key)).collect();
        (names, self.retold_pruned.iter().filter_map(|(_, message)| *message).collect())
    }

    /// The tellings that are new or grew.
    pub(super) fn retold(&self) -> Vec<Telling> {
        self.known.iter().flat_map(Known::retold).collect()
    }

    /// Reads what has one of the names, and what side logs told of the answers.
    async fn look_up(
        &mut self,
        connection: &mut SqliteConnection,
        rows: &[RequestRow],
        has_aliases: bool,
    ) -> sqlx::Result<()> {
        let mut means: Vec<_> = rows.iter().map(|row| Arc::clone(&row.key)).collect();
        if has_aliases {
            self.aliases = alias::find(connection, &means).await?;
            means.iter_mut().for_each(|key| *key = self.resolve(key));
        }
        means.sort();
        means.dedup();
        let known = request::find(connection, &means).await?;
        self.add_stored(connection, known).await?;
        let mut messages: Vec<_> =
            rows.iter().filter(|row| !row.side_log).filter_map(|row| row.message).collect();
        messages.sort_unstable();
        messages.dedup();
        let copies = request::of_side_logs(connection, &messages).await?;
        let copies: Vec<_> = copies.into_iter().filter(|row| !row.retracted).collect();
        let named: Vec<_> = copies.iter().map(|row| (row.message, Arc::clone(&row.key))).collect();
        self.add_stored(connection, copies).await?;
        for (message, key) in named {
            let (Some(message), Some(place)) = (message, self.place(&key)) else { continue };
            self.side_logs.entry(message).or_default().push(place);
        }
        Ok(())
    }

    /// Reads the answers of the session that side logs may repeat.
    async fn look_for_answers(
        &mut self,
        connection: &mut SqliteConnection,
        rows: &[&RequestRow],
        cache: &Cache,
    ) -> sqlx::Result<()> {
        let mut messages: HashMap<i64, Vec<i64>> = HashMap::new();
        let copies = rows.iter().filter(|row| row.side_log && cache.is_stored(row.session));
        for row in copies {
            messages.entry(row.session).or_default().extend(row.message);
        }
        for (session, messages) in messages {
            let found = request::of_messages(connection, session, &messages).await?;
            self.add_stored(connection, found).await?;
        }
        Ok(())
    }

    /// Reads what lies near requests of the same session, as far as one of the two has no name.
    async fn look_around(
        &mut self,
        connection: &mut SqliteConnection,
        rows: &[&RequestRow],
        cache: &Cache,
    ) -> sqlx::Result<()> {
        let mut spans: HashMap<i64, Near> = HashMap::new();
        for row in rows.iter().filter(|row| cache.is_stored(row.session)) {
            let near = spans.entry(row.session).or_insert(Near {
                session: row.session,
                from: row.at,
                to: row.at,
                nameless: true,
            });
            near.from = near.from.min(row.at);
            near.to = near.to.max(row.at);
            near.nameless &= !row.is_nameless();
        }
        for near in spans.into_values() {
            let near = Near { from: near.from.before(NEAR), to: near.to.after(NEAR), ..near };
            let found = request::near(connection, near).await?;
            self.add_stored(connection, found).await?;
        }
        Ok(())
    }

    async fn look_up_pruned(
        &mut self,
        connection: &mut SqliteConnection,
        rows: &[RequestRow],
    ) -> sqlx::Result<()> {
        let told = rows.iter().map(|row| &row.key);
        let mut keys: Vec<_> = told.flat_map(|key| [Arc::clone(key), self.resolve(key)]).collect();
        keys.sort();
        keys.dedup();
        let messages: Vec<_> = rows.iter().filter_map(|row| row.message).collect();
        self.pruned = pruned::find(connection, &keys, &messages).await?;
        Ok(())
    }

    /// Takes in rows of the file that are not known yet.
    async fn add_stored(
        &mut self,
        connection: &mut SqliteConnection,
        rows: Vec<RequestRow>,
    ) -> sqlx::Result<()> {
        let new: Vec<_> = rows.into_iter().filter(|row| self.place(&row.key).is_none()).collect();
        let keys: HashSet<_> = new.iter().map(|row| Arc::clone(&row.key)).collect();
        new.into_iter().for_each(|row| self.add(Known::stored(row)));
        let keys: Vec<_> = keys.into_iter().collect();
        for row in telling::find(connection, &keys).await? {
            if let Some(place) = self.place(&row.key) {
                self.known[place].restore(row.witness, row.tokens);
            }
        }
        Ok(())
    }

    fn place(&self, key: &str) -> Option<usize> {
        self.places.get(key).copied()
    }

    fn add(&mut self, known: Known) {
        let place = self.known.len();
        self.places.insert(Arc::clone(&known.after.key), place);
        self.known.push(known);
        self.index(place);
    }

    /// Lets a request be found by what is known of it now.
    fn index(&mut self, place: usize) {
        fn note(places: &mut Vec<usize>, place: usize) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        let row = &self.known[place].after;
        if let Some(message) = row.message {
            note(self.answers.entry((row.session, message)).or_default(), place);
        }
        if self.has_nameless {
            note(self.alike.entry((row.session, row.model, row.tokens)).or_default(), place);
        }
    }

    fn resolve(&self, key: &Arc<str>) -> Arc<str> {
        let mut key = key;
        while let Some(next) = self.aliases.get(key) {
            key = next;
        }
        Arc::clone(key)
    }

    fn enter(&mut self, row: RequestRow) {
        let key = self.resolve(&row.key);
        if self.is_pruned(&key, &row) {
            return;
        }
        let (message, side_log) = (row.message, row.side_log);
        let place = match self.place(&key) {
            Some(place) => self.take(place, &row),
            None => match self.same(&row) {
                Some(same) => {
                    self.rename(key, Arc::clone(&self.known[same].after.key));
                    self.take(same, &row)
                }
                None => {
                    self.add(Known::new(row));
                    self.known.len() - 1
                }
            },
        };
        match message {
            Some(message) if side_log => {
                self.side_logs.entry(message).or_default().push(place);
            }
            Some(message) => {
                let key = Arc::clone(&self.known[place].after.key);
                self.retract_copies(message, &key);
            }
            None => {}
        }
    }

    fn take(&mut self, place: usize, row: &RequestRow) -> usize {
        self.known[place].take(row);
        self.index(place);
        place
    }

    /// Whether a telling means a pruned request; takes note of the names that it tells.
    fn is_pruned(&mut self, key: &Arc<str>, row: &RequestRow) -> bool {
        let means = self.pruned.has_name(&row.key)
            || self.pruned.has_name(key)
            || row.message.is_some_and(|message| self.pruned.has_message(message));
        if !means || self.place(key).is_some() {
            return false;
        }
        self.pruned.learn(&row.key, row.message);
        self.retold_pruned.push((Arc::clone(&row.key), row.message));
        if let Some(message) = row.message.filter(|_| !row.side_log) {
            self.retract_copies(message, key);
        }
        true
    }

    /// The known request that a telling under an unknown name means: for a side log the answer that it repeats,
    /// rather the conversation's own; else the nearest one that is alike.
    fn same(&self, row: &RequestRow) -> Option<usize> {
        let message = row.message.filter(|_| row.side_log);
        let answers = message.and_then(|message| self.answers.get(&(row.session, message)));
        let answers = answers.into_iter().flatten().copied();
        let answers = answers.filter(|place| !self.known[*place].after.retracted);
        answers.min_by_key(|place| self.known[*place].after.side_log).or_else(|| {
            let alike = self.alike.get(&(row.session, row.model, row.tokens))?.iter().copied();
            let alike = alike.filter(|place| self.known[*place].is_alike(row));
            alike.min_by_key(|place| distance(self.known[*place].after.at, row.at))
        })
    }

    fn rename(&mut self, key: Arc<str>, request: Arc<str>) {
        self.aliases.insert(Arc::clone(&key), Arc::clone(&request));
        self.new_aliases.push((key, request));
    }

    /// What was booked from side logs and turns out to be this request counts nothing any more.
    fn retract_copies(&mut self, message: i64, key: &Arc<str>) {
        let request = self.place(key);
        for copy in self.side_logs.remove(&message).unwrap_or_default() {
            if Some(copy) == request {
                continue;
            }
            let told = self.known[copy].after.clone();
            self.known[copy].retract();
            if let Some(request) = request {
                self.take(request, &told);
            }
            self.rename(told.key, Arc::clone(key));
        }
    }
}

fn distance(one: Timestamp, other: Timestamp) -> u64 {
    one.nanos().abs_diff(other.nanos())
}
