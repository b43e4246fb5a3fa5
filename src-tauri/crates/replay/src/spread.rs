//! A capture event by event, as a watcher would have liked to see it.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;

use crate::capture::{Capture, Entry, Times};
use crate::payload::{Payload, PayloadError};

impl Capture {
    /// The same traffic with one request per log record, each due at the record's own time; metrics
    /// and spans are due at their latest time. The client sends its events in batches; spread out,
    /// a short recording that is stretched shows every step of the session.
    ///
    /// JSON bodies stay whole. Times count from [`Capture::first_time`], so that a shift from there to
    /// the moment of the replay lets everything arrive at its own time.
    ///
    /// # Errors
    /// When a body cannot be decoded.
    pub fn spread(&self) -> Result<Self, PayloadError> {
        let mut entries = Vec::new();
        for entry in &self.entries {
            match Payload::decode(entry)? {
                Payload::Logs(request) => entries.extend(single_records(entry, request)),
                _ => entries.push(entry.clone()),
            }
        }
        let mut timed = Vec::with_capacity(entries.len());
        for entry in entries {
            let mut times = Times::default();
            Payload::decode(&entry)?.edit(&mut times);
            timed.push((times.latest, entry));
        }
        timed.sort_by_key(|(time, _)| *time);
        let first = self.first_time()?.unwrap_or(0);
        let due = |time: Option<u64>| Duration::from_nanos(time.unwrap_or(first) - first);
        let entries = timed.into_iter().map(|(time, entry)| Entry { arrived: due(time), ..entry });
        Ok(Self { name: self.name.clone(), entries: entries.collect() })
    }
}

fn single_records(entry: &Entry, request: ExportLogsServiceRequest) -> Vec<Entry> {
    let mut singles = Vec::new();
    for mut resource in request.resource_logs {
        for mut scope in std::mem::take(&mut resource.scope_logs) {
            for record in std::mem::take(&mut scope.log_records) {
                let mut scope = scope.clone();
                scope.log_records.push(record);
                let mut resource = resource.clone();
                resource.scope_logs.push(scope);
                singles.push(ExportLogsServiceRequest { resource_logs: vec![resource] });
            }
        }
    }
    let entry_of = |(number, request): (usize, ExportLogsServiceRequest)| Entry {
        file: format!("{}#{number}", entry.file),
        body: Payload::Logs(request).encode(entry),
        ..entry.clone()
    };
    (1..).zip(singles).map(entry_of).collect()
}
