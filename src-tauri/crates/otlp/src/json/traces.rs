//! Spans.

use super::{
    Malformed,
    reader::{Message, Reader, Scope},
};
use crate::proto::{
    collector::trace::v1::ExportTraceServiceRequest,
    trace::v1::{
        ResourceSpans, ScopeSpans, Span, Status,
        span::{Event, Link},
    },
};

impl Message for ExportTraceServiceRequest {
    const NAME: &'static str = "request";

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "resourceSpans" => reader.resources(&mut self.resource_spans),
            _ => reader.skip(),
        }
    }
}

impl Message for ResourceSpans {
    const NAME: &'static str = "resource spans";
    const SCOPE: Scope = Scope::Container;

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "resource" => reader.read(&mut self.resource),
            "scopeSpans" => reader.read(&mut self.scope_spans),
            "schemaUrl" => reader.read(&mut self.schema_url),
            _ => reader.skip(),
        }
    }
}

impl Message for ScopeSpans {
    const NAME: &'static str = "scope spans";
    const SCOPE: Scope = Scope::Container;

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "scope" => reader.read(&mut self.scope),
            "spans" => reader.read(&mut self.spans),
            "schemaUrl" => reader.read(&mut self.schema_url),
            _ => reader.skip(),
        }
    }
}

impl Message for Span {
    const NAME: &'static str = "span";
    const SCOPE: Scope = Scope::Item;

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "traceId" => reader.hex(&mut self.trace_id),
            "spanId" => reader.hex(&mut self.span_id),
            "traceState" => reader.read(&mut self.trace_state),
            "parentSpanId" => reader.hex(&mut self.parent_span_id),
            "flags" => reader.read(&mut self.flags),
            "name" => reader.read(&mut self.name),
            "kind" => reader.enumeration(&mut self.kind),
            "startTimeUnixNano" => reader.read(&mut self.start_time_unix_nano),
            "endTimeUnixNano" => reader.read(&mut self.end_time_unix_nano),
            "attributes" => reader.read(&mut self.attributes),
            "droppedAttributesCount" => reader.read(&mut self.dropped_attributes_count),
            "events" => reader.read(&mut self.events),
            "droppedEventsCount" => reader.read(&mut self.dropped_events_count),
            "links" => reader.read(&mut self.links),
            "droppedLinksCount" => reader.read(&mut self.dropped_links_count),
            "status" => reader.read(&mut self.status),
            _ => reader.skip(),
        }
    }
}

impl Message for Event {
    const NAME: &'static str = "span event";

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "timeUnixNano" => reader.read(&mut self.time_unix_nano),
            "name" => reader.read(&mut self.name),
            "attributes" => reader.read(&mut self.attributes),
            "droppedAttributesCount" => reader.read(&mut self.dropped_attributes_count),
            _ => reader.skip(),
        }
    }
}

impl Message for Link {
    const NAME: &'static str = "span link";

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "traceId" => reader.hex(&mut self.trace_id),
            "spanId" => reader.hex(&mut self.span_id),
            "traceState" => reader.read(&mut self.trace_state),
            "attributes" => reader.read(&mut self.attributes),
            "droppedAttributesCount" => reader.read(&mut self.dropped_attributes_count),
            "flags" => reader.read(&mut self.flags),
            _ => reader.skip(),
        }
    }
}

impl Message for Status {
    const NAME: &'static str = "span status";

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "message" => reader.read(&mut self.message),
            "code" => reader.enumeration(&mut self.code),
            _ => reader.skip(),
        }
    }
}
