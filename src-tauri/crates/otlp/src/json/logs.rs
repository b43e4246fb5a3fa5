//! Log records.

use super::{
    Malformed,
    reader::{Message, Reader, Scope},
};
use crate::proto::{
    collector::logs::v1::ExportLogsServiceRequest,
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
};

impl Message for ExportLogsServiceRequest {
    const NAME: &'static str = "request";

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "resourceLogs" => reader.resources(&mut self.resource_logs),
            _ => reader.skip(),
        }
    }
}

impl Message for ResourceLogs {
    const NAME: &'static str = "resource logs";
    const SCOPE: Scope = Scope::Container;

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "resource" => reader.read(&mut self.resource),
            "scopeLogs" => reader.read(&mut self.scope_logs),
            "schemaUrl" => reader.read(&mut self.schema_url),
            _ => reader.skip(),
        }
    }
}

impl Message for ScopeLogs {
    const NAME: &'static str = "scope logs";
    const SCOPE: Scope = Scope::Container;

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "scope" => reader.read(&mut self.scope),
            "logRecords" => reader.read(&mut self.log_records),
            "schemaUrl" => reader.read(&mut self.schema_url),
            _ => reader.skip(),
        }
    }
}

impl Message for LogRecord {
    const NAME: &'static str = "log record";
    const SCOPE: Scope = Scope::Item;

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "timeUnixNano" => reader.read(&mut self.time_unix_nano),
            "observedTimeUnixNano" => reader.read(&mut self.observed_time_unix_nano),
            "severityNumber" => reader.enumeration(&mut self.severity_number),
            "severityText" => reader.read(&mut self.severity_text),
            "body" => reader.read(&mut self.body),
            "attributes" => reader.read(&mut self.attributes),
            "droppedAttributesCount" => reader.read(&mut self.dropped_attributes_count),
            "flags" => reader.read(&mut self.flags),
            "traceId" => reader.hex(&mut self.trace_id),
            "spanId" => reader.hex(&mut self.span_id),
            "eventName" => reader.read(&mut self.event_name),
            _ => reader.skip(),
        }
    }
}
