//! What metrics tell: readings of use and of other counters.

use std::collections::hash_map::Entry;

use plimsoll_domain::{CounterReading, Fact, Quarter, Temporality, UsageReading};
use sqlx::SqliteConnection;

use super::{Reading, Sheet, merge};
use crate::{
    books::{Cache, Counts, Cumulative},
    table::{counter::CounterRow, point::PointRow},
};

impl Sheet {
    /// Tells whether the reading may say anything new.
    pub(super) async fn enter_usage(
        &mut self,
        fact: &Fact,
        reading: &UsageReading,
        session: i64,
        (cache, connection): (&mut Cache, &mut SqliteConnection),
    ) -> sqlx::Result<bool> {
        let model = cache.model(connection, &reading.model).await?;
        let told = match reading.temporality {
            Temporality::Delta if cache.is_pruned(reading.time) => false,
            Temporality::Delta => {
                self.enter_point(fact, reading, (session, model));
                true
            }
            Temporality::Cumulative => {
                let tracker = cache.series(connection, (reading.series, reading.start)).await?;
                self.enter_reading(fact, reading, (session, model), tracker)
            }
        };
        if told && reading.million_window {
            self.million_windows.entry((session, model)).or_insert(fact.envelope.at);
        }
        Ok(told)
    }

    fn enter_point(&mut self, fact: &Fact, reading: &UsageReading, place: (i64, i64)) {
        let (session, model) = place;
        let key = (reading.time, reading.series, reading.start);
        let row = PointRow {
            key,
            session,
            model,
            source: reading.source,
            at: fact.envelope.at,
            input: reading.input,
            output: reading.output,
            cache_read: reading.cache_read,
            cache_creation: reading.cache_creation,
            cost: reading.cost,
        };
        match self.point_places.entry(key) {
            Entry::Occupied(known) => {
                let known = &mut self.points[*known.get()];
                *known = merge::points(known, &row);
            }
            Entry::Vacant(new) => {
                new.insert(self.points.len());
                self.points.push(row);
            }
        }
    }

    /// Tells whether the reading said anything new.
    fn enter_reading(
        &mut self,
        fact: &Fact,
        reading: &UsageReading,
        place: (i64, i64),
        tracker: &mut Cumulative,
    ) -> bool {
        let (session, model) = place;
        let (key, at) = ((reading.series, reading.start), fact.envelope.at);
        let increments = tracker.read(Quarter::of(at), Counts::of(reading));
        for increment in &increments {
            let quarter = increment.quarter;
            self.series.insert((key, quarter), tracker.stored(quarter));
        }
        let told = !increments.is_empty();
        if told {
            let cell = (model, reading.source);
            self.readings.push(Reading { session, cell, at, increments });
        }
        told
    }

    pub(super) fn enter_counter(
        &mut self,
        fact: &Fact,
        reading: &CounterReading,
        session: i64,
        cache: &mut Cache,
    ) {
        let time = match reading.temporality {
            Temporality::Delta if cache.is_pruned(reading.time) => return,
            Temporality::Delta => reading.time,
            Temporality::Cumulative
                if cache.counter_grew((reading.series, reading.start), reading.value) =>
            {
                0
            }
            Temporality::Cumulative => return,
        };
        self.counters.push(CounterRow {
            time,
            series: reading.series,
            start: reading.start,
            session,
            name: reading.name,
            detail: reading.detail.clone(),
            at: fact.envelope.at,
            value: reading.value,
        });
    }
}
