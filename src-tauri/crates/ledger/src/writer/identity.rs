//! Which request a telling means: by its name, by a second name, as a copy of an answer, or, where a witness lacks
//! the name, by its session, model and tokens within two seconds.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use plimsoll_domain::{Tokens, Witness};
use sqlx::SqliteConnection;

use super::merge;
use crate::table::{
    alias, pruned, pruned::Pruned, request, request::RequestRow, telling, telling::Telling,
};

/// Two witnesses of one request, one of which lacks its id, tell of it within so much time.
const NEAR: Duration = Duration::from_secs(2);

/// The requests that a commit's tellings mean: as they were stored, and as they become.
#[derive(Debug, Default)]
pub(super) struct Requests {
    /// By key, in a stable order.
    known: BTreeMap<Arc<str>, Known>,
    /// Second names, of the file and of this commit.
    aliases: HashMap<Arc<str>, Arc<str>>,
    /// Those of this commit.
    new_aliases: Vec<(Arc<str>, Arc<str>)>,
    /// Rows of side logs with a message that this commit tells of.
    side_logs: HashMap<i64, Vec<Arc<str>>>,
    /// Names and answers of pruned requests, which count and say nothing new.
    pruned: Pruned,
    /// Those that this commit tells of.
    retold_pruned: Vec<(Arc<str>, Option<i64>)>,
}

/// One request.
#[derive(Debug)]
pub(super) struct Known {
    /// As it was stored; `None` where it is new.
    pub(super) before: Option<RequestRow>,
    pub(super) after: RequestRow,
    /// What witnesses told of its tokens, where it is not what the row holds.
    tellings: BTreeMap<Witness, Tokens>,
    /// Whether the tellings changed.
    retold: bool,
}

impl Known {
    fn new(row: RequestRow) -> Self {
        Self { before: None, after: row, tellings: BTreeMap::new(), retold: false }
    }

    fn stored(row: RequestRow) -> Self {
        Self { before: Some(row.clone()), ..Self::new(row) }
    }

    /// What a witness told so far.
    fn told(&self, witness: Witness) -> Option<Tokens> {
        let of_row = self.after.witnesses.contains(witness).then_some(self.after.tokens);
        self.tellings.get(&witness).copied().or(of_row)
    }

    /// Takes in one more telling by one witness.
    fn take(&mut self, row: &RequestRow) {
        let mut told: BTreeMap<_, _> =
            Witness::ALL.into_iter().filter_map(|one| Some((one, self.told(one)?))).collect();
        for witness in row.witnesses.iter() {
            let known = told.entry(witness).or_insert(row.tokens);
            *known = merge::larger(*known, row.tokens);
        }
        let key = Arc::clone(&self.after.key);
        self.after = RequestRow { key, ..merge::requests(&self.after, row) };
        for (witness, tokens) in told {
            let differs = tokens != self.after.tokens || self.tellings.contains_key(&witness);
            if differs && self.tellings.insert(witness, tokens) != Some(tokens) {
                self.retold = true;
            }
        }
    }

    /// Whether anything of it has to be written.
    pub(super) fn changed(&self) -> bool {
        self.before.as_ref().is_none_or(|before| merge::improves(&self.after, before))
    }
}

impl Requests {
    /// Finds or makes the request of each telling, and merges them in.
    pub(super) async fn load(
        connection: &mut SqliteConnection,
        rows: &[RequestRow],
        has_pruned: bool,
    ) -> sqlx::Result<Self> {
        let mut requests = Self::default();
        requests.look_up(connection, rows).await?;
        if has_pruned {
            requests.look_up_pruned(connection, rows).await?;
        }
        // Copies last, so that what they repeat is known by then.
        let mut ordered: Vec<_> = rows.iter().collect();
        ordered.sort_by_key(|row| (row.side_log, row.is_nameless()));
        for row in ordered {
            requests.enter(connection, row).await?;
        }
        Ok(requests)
    }

    /// The requests, in order of their keys.
    pub(super) fn into_known(self) -> impl Iterator<Item = Known> {
        self.known.into_values()
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
        let retold = self.known.iter().filter(|(_, known)| known.retold);
        let rows = retold.flat_map(|(key, known)| {
            known.tellings.iter().map(|(witness, tokens)| Telling {
                key: Arc::clone(key),
                witness: *witness,
                tokens: *tokens,
            })
        });
        rows.collect()
    }

    async fn look_up(
        &mut self,
        connection: &mut SqliteConnection,
        rows: &[RequestRow],
    ) -> sqlx::Result<()> {
        let keys: Vec<_> = rows.iter().map(|row| Arc::clone(&row.key)).collect();
        self.aliases = alias::find(connection, &keys).await?;
        let mut means: Vec<_> = keys.iter().map(|key| self.resolve(key)).collect();
        means.sort();
        means.dedup();
        let known = request::find(connection, &means).await?;
        self.add_stored(connection, known).await?;
        let mut messages: Vec<_> =
            rows.iter().filter(|row| !row.side_log).filter_map(|row| row.message).collect();
        messages.sort_unstable();
        messages.dedup();
        for row in request::of_side_logs(connection, &messages).await? {
            let Some(message) = row.message.filter(|_| !row.retracted) else { continue };
            self.side_logs.entry(message).or_default().push(Arc::clone(&row.key));
            self.add_stored(connection, vec![row]).await?;
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

    async fn add_stored(
        &mut self,
        connection: &mut SqliteConnection,
        rows: Vec<RequestRow>,
    ) -> sqlx::Result<()> {
        let keys: Vec<_> = rows.iter().map(|row| Arc::clone(&row.key)).collect();
        for row in rows {
            self.known.entry(Arc::clone(&row.key)).or_insert_with(|| Known::stored(row));
        }
        for row in telling::find(connection, &keys).await? {
            if let Some(known) = self.known.get_mut(&row.key) {
                known.tellings.entry(row.witness).or_insert(row.tokens);
            }
        }
        Ok(())
    }

    fn resolve(&self, key: &Arc<str>) -> Arc<str> {
        let mut key = key;
        while let Some(next) = self.aliases.get(key) {
            key = next;
        }
        Arc::clone(key)
    }

    async fn enter(
        &mut self,
        connection: &mut SqliteConnection,
        row: &RequestRow,
    ) -> sqlx::Result<()> {
        let mut key = self.resolve(&row.key);
        if self.is_pruned(&key, row) {
            return Ok(());
        }
        if !self.known.contains_key(&key)
            && let Some(same) = self.same(connection, row).await?
        {
            self.rename(Arc::clone(&key), Arc::clone(&same));
            key = same;
        }
        match self.known.get_mut(&key) {
            Some(known) => known.take(row),
            None => {
                self.known.insert(Arc::clone(&key), Known::new(row.clone()));
            }
        }
        if let Some(message) = row.message {
            if row.side_log {
                self.side_logs.entry(message).or_default().push(key);
            } else {
                self.retract_copies(message, &key);
            }
        }
        Ok(())
    }

    /// Whether a telling means a pruned request; takes note of the names that it tells.
    fn is_pruned(&mut self, key: &Arc<str>, row: &RequestRow) -> bool {
        let means = self.pruned.has_name(&row.key)
            || self.pruned.has_name(key)
            || row.message.is_some_and(|message| self.pruned.has_message(message));
        if !means || self.known.contains_key(key) {
            return false;
        }
        self.pruned.learn(&row.key, row.message);
        self.retold_pruned.push((Arc::clone(&row.key), row.message));
        if let Some(message) = row.message.filter(|_| !row.side_log) {
            self.retract_copies(message, key);
        }
        true
    }

    /// A known request that a telling under an unknown name means.
    async fn same(
        &mut self,
        connection: &mut SqliteConnection,
        row: &RequestRow,
    ) -> sqlx::Result<Option<Arc<str>>> {
        if let Some(message) = row.message.filter(|_| row.side_log) {
            let here = self.known.values().find(|known| {
                let after = &known.after;
                (after.session, after.message) == (row.session, Some(message)) && !after.retracted
            });
            if let Some(known) = here {
                return Ok(Some(Arc::clone(&known.after.key)));
            }
            if let Some(found) = request::of_message(connection, row.session, message).await? {
                return self.adopt(connection, found).await.map(Some);
            }
        }
        self.alike(connection, row).await
    }

    /// A request of the same session, model and tokens at about the same time, told by another witness, where one
    /// of the two has no name.
    async fn alike(
        &mut self,
        connection: &mut SqliteConnection,
        row: &RequestRow,
    ) -> sqlx::Result<Option<Arc<str>>> {
        let span = (row.at.before(NEAR), row.at.after(NEAR));
        for found in request::near(connection, row.session, span, !row.is_nameless()).await? {
            self.adopt(connection, found).await?;
        }
        let fits =
            self.known.values().map(|known| &known.after).filter(|known| is_alike(known, row));
        let distance = |known: &&RequestRow| known.at.nanos().abs_diff(row.at.nanos());
        Ok(fits.min_by_key(distance).map(|known| Arc::clone(&known.key)))
    }

    async fn adopt(
        &mut self,
        connection: &mut SqliteConnection,
        row: RequestRow,
    ) -> sqlx::Result<Arc<str>> {
        let key = Arc::clone(&row.key);
        if !self.known.contains_key(&key) {
            self.add_stored(connection, vec![row]).await?;
        }
        Ok(key)
    }

    fn rename(&mut self, key: Arc<str>, request: Arc<str>) {
        self.aliases.insert(Arc::clone(&key), Arc::clone(&request));
        self.new_aliases.push((key, request));
    }

    /// What was booked from side logs and turns out to be this request counts nothing any more.
    fn retract_copies(&mut self, message: i64, key: &Arc<str>) {
        for copy in self.side_logs.remove(&message).unwrap_or_default() {
            if copy == *key {
                continue;
            }
            let Some(known) = self.known.get_mut(&copy) else { continue };
            let told = known.after.clone();
            known.after.tokens = Tokens::ZERO;
            known.after.cost = None;
            known.after.retracted = true;
            if let Some(request) = self.known.get_mut(key) {
                request.take(&told);
            }
            self.rename(copy, Arc::clone(key));
        }
    }
}

fn is_alike(known: &RequestRow, row: &RequestRow) -> bool {
    let one_lacks_its_name = known.is_nameless() || row.is_nameless();
    let other_witness = row.witnesses.iter().all(|witness| !known.witnesses.contains(witness));
    let near = known.at.since(row.at).max(row.at.since(known.at)) <= NEAR;
    let other_answer = known.message.is_some() && row.message.is_some();
    one_lacks_its_name
        && other_witness
        && near
        && !other_answer
        && !known.retracted
        && (known.session, known.model, known.tokens) == (row.session, row.model, row.tokens)
}
