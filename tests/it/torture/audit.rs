//! Compares the books with what the clients know.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use plimsoll_domain::{Tokens, calendar::rfc3339};
use plimsoll_testkit::Loopback;
use serde_json::Value;

use super::traffic::{Fate, Parcel, Told};
use crate::{desk::now, house::tokens};

/// How many exports of a session may be without an answer at once; their combinations are tried.
const OPEN: usize = 12;

/// What the API says is booked.
#[derive(Default)]
pub(super) struct Booked {
    /// Session and tokens of each request.
    requests: BTreeMap<String, (String, Tokens)>,
    /// Requests with more than one record.
    doubled: Vec<String>,
    /// Tokens and number of requests of each session: by its books, and by the reports.
    sessions: BTreeMap<String, (Tokens, u64)>,
    reported: BTreeMap<String, (Tokens, u64)>,
}

impl Booked {
    pub(super) async fn read(api: &Loopback) -> Self {
        let mut booked = Self::default();
        let mut cursor = Some(0);
        while let Some(from) = cursor {
            let path = format!("/api/v1/usage-records?limit=1000&cursor={from}");
            let page = api.json(&path).await.unwrap();
            page["records"].as_array().unwrap().iter().for_each(|record| booked.record(record));
            cursor = page["next"].as_i64();
        }
        let sessions = api.json("/api/v1/sessions?limit=1000").await.unwrap();
        assert!(sessions["next"].is_null(), "more sessions than a page holds");
        booked.sessions = sums(&sessions["sessions"], "sessionId");
        let yesterday = rfc3339(now().before(Duration::from_secs(86_400)));
        let usage = api.json(&format!("/api/v1/usage?by=session&from={yesterday}")).await.unwrap();
        booked.reported = sums(&usage["rows"], "group");
        booked
    }

    /// What only metrics know belongs to no request; it is in the sums.
    fn record(&mut self, record: &Value) {
        if record["unattributed"] == true {
            return;
        }
        let count = |name: &str| record[name].as_u64().unwrap();
        let tokens = Tokens {
            input: count("inputTokens"),
            output: count("outputTokens"),
            cache_read: count("cacheReadTokens"),
            cache_creation: count("cacheCreationTokens"),
        };
        let text = |name: &str| record[name].as_str().unwrap().to_owned();
        let request = text("requestId");
        if self.requests.insert(request.clone(), (text("sessionId"), tokens)).is_some() {
            self.doubled.push(request);
        }
    }

    /// All that is wrong, after these exports and no others.
    pub(super) fn faults(&self, sent: &[Parcel]) -> Vec<String> {
        let mut faults: Vec<_> =
            self.doubled.iter().map(|request| format!("doubled: {request}")).collect();
        let mut known = BTreeSet::new();
        let mut sessions: BTreeMap<&str, Vec<&Parcel>> = BTreeMap::new();
        for parcel in sent {
            sessions.entry(&parcel.session).or_default().push(parcel);
            let requests = parcel.requests();
            known.extend(requests.iter().map(|(request, _)| request));
            faults.extend(requests.iter().filter_map(|told| self.request(parcel, told)));
        }
        let foreign = self.requests.keys().filter(|request| !known.contains(request));
        faults.extend(foreign.map(|request| format!("nobody told of {request}")));
        faults.extend(sessions.iter().flat_map(|(session, of)| self.session(session, of)));
        faults
    }

    /// What is wrong with one request.
    fn request(&self, parcel: &Parcel, (request, tokens): &(String, Tokens)) -> Option<String> {
        match (parcel.fate, self.requests.get(request)) {
            (Fate::Acknowledged, None) => Some(format!("lost: {request}")),
            (Fate::Unsent, Some(_)) => Some(format!("booked, though never sent: {request}")),
            (_, Some((session, booked))) if (session, booked) != (&parcel.session, tokens) => {
                Some(format!("{request} of {session} used {booked:?}, told were {tokens:?}"))
            }
            _ => None,
        }
    }

    /// What is wrong with the sums of one session. They are those of its requests, or of its metrics where these
    /// know of more.
    fn session(&self, session: &str, sent: &[&Parcel]) -> Vec<String> {
        let records = self.requests.values().filter(|(of, _)| of == session);
        let (count, requests) =
            records.fold((0, Tokens::ZERO), |(count, sum), (_, used)| (count + 1, sum.plus(*used)));
        let possible: Vec<_> = metrics(sent)
            .into_iter()
            .map(|metrics| (metrics.zip(requests, u64::max), count))
            .collect();
        [("sum", &self.sessions), ("report", &self.reported)]
            .into_iter()
            .map(|(name, sums)| (name, sums.get(session).copied().unwrap_or_default()))
            .filter(|(_, booked)| !possible.contains(booked))
            .map(|(name, booked)| {
                let what = difference(booked.0, &possible);
                let suspect = suspect(sent, booked.0, &possible);
                format!("{what}{suspect} ({name} of {session}: {booked:?}, told: {possible:?})")
            })
            .collect()
    }
}

/// Sums of the API by session.
fn sums(rows: &Value, key: &str) -> BTreeMap<String, (Tokens, u64)> {
    let sum = |row: &Value| {
        let usage = &row["usage"];
        let requests = usage["requests"].as_u64().unwrap();
        (row[key].as_str().unwrap().to_owned(), (tokens(&usage["tokens"]), requests))
    };
    rows.as_array().unwrap().iter().map(sum).collect()
}

/// All that a session's metrics may come to: what was acknowledged, and of what got no answer any part.
fn metrics(sent: &[&Parcel]) -> Vec<Tokens> {
    let of = |fate| sent.iter().filter(move |parcel| parcel.fate == fate);
    let with = |sum: Tokens, parcel: &Parcel| match parcel.told {
        Told::Requests(_) => sum,
        Told::Delta(more) => sum.plus(more),
        Told::Total(all) => sum.zip(all, u64::max),
    };
    let open: Vec<_> =
        of(Fate::Unknown).filter(|it| !matches!(it.told, Told::Requests(_))).collect();
    assert!(open.len() <= OPEN, "{} exports of a session without an answer", open.len());
    let sure = of(Fate::Acknowledged).fold(Tokens::ZERO, |sum, parcel| with(sum, parcel));
    open.into_iter().fold(vec![sure], |sums, parcel| {
        let more: Vec<_> = sums.iter().map(|sum| with(*sum, parcel)).collect();
        [sums, more].concat()
    })
}

/// What happened to a session whose sum is none of the possible ones.
fn difference(booked: Tokens, possible: &[(Tokens, u64)]) -> &'static str {
    let sums = || possible.iter().map(|(sum, _)| sum.total());
    match booked.total() {
        less if sums().all(|sum| less < sum) => "lost",
        more if sums().all(|sum| more > sum) => "doubled",
        _ => "altered",
    }
}

/// The delta whose loss or repetition alone would explain a sum.
fn suspect(sent: &[&Parcel], booked: Tokens, possible: &[(Tokens, u64)]) -> String {
    let explains = |parcel: &&&Parcel| {
        let Told::Delta(used) = parcel.told else { return false };
        possible.iter().any(|(sum, _)| booked.plus(used) == *sum || sum.plus(used) == booked)
    };
    let name = |parcel: &&Parcel| format!(": delta {}", parcel.entry.file);
    sent.iter().find(explains).map(name).unwrap_or_default()
}
