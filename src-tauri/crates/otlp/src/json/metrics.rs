//! Metrics and their data points.

use super::{
    Malformed,
    reader::{Message, Reader, Scope},
};
use crate::{
    export::data_points,
    proto::{
        collector::metrics::v1::ExportMetricsServiceRequest,
        metrics::v1::{
            Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram,
            HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
            Summary, SummaryDataPoint, exemplar, exponential_histogram_data_point::Buckets,
            metric::Data, number_data_point, summary_data_point::ValueAtQuantile,
        },
    },
};

impl Message for ExportMetricsServiceRequest {
    const NAME: &'static str = "request";

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "resourceMetrics" => reader.resources(&mut self.resource_metrics),
            _ => reader.skip(),
        }
    }
}

impl Message for ResourceMetrics {
    const NAME: &'static str = "resource metrics";
    const SCOPE: Scope = Scope::Container;

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "resource" => reader.read(&mut self.resource),
            "scopeMetrics" => reader.read(&mut self.scope_metrics),
            "schemaUrl" => reader.read(&mut self.schema_url),
            _ => reader.skip(),
        }
    }
}

impl Message for ScopeMetrics {
    const NAME: &'static str = "scope metrics";
    const SCOPE: Scope = Scope::Container;

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "scope" => reader.read(&mut self.scope),
            "metrics" => reader.read(&mut self.metrics),
            "schemaUrl" => reader.read(&mut self.schema_url),
            _ => reader.skip(),
        }
    }
}

impl Message for Metric {
    const NAME: &'static str = "metric";
    const SCOPE: Scope = Scope::Item;

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "name" => reader.read(&mut self.name),
            "description" => reader.read(&mut self.description),
            "unit" => reader.read(&mut self.unit),
            "metadata" => reader.read(&mut self.metadata),
            "gauge" => reader.choice(&mut self.data, Data::Gauge),
            "sum" => reader.choice(&mut self.data, Data::Sum),
            "histogram" => reader.choice(&mut self.data, Data::Histogram),
            "exponentialHistogram" => reader.choice(&mut self.data, Data::ExponentialHistogram),
            "summary" => reader.choice(&mut self.data, Data::Summary),
            _ => reader.skip(),
        }
    }

    /// Its data points; it counts as one where none could be read.
    fn records(&self) -> u64 {
        data_points(self).max(1)
    }
}

impl Message for Gauge {
    const NAME: &'static str = "gauge";

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "dataPoints" => reader.read(&mut self.data_points),
            _ => reader.skip(),
        }
    }
}

impl Message for Sum {
    const NAME: &'static str = "sum";

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "dataPoints" => reader.read(&mut self.data_points),
            "aggregationTemporality" => reader.enumeration(&mut self.aggregation_temporality),
            "isMonotonic" => reader.read(&mut self.is_monotonic),
            _ => reader.skip(),
        }
    }
}

impl Message for Histogram {
    const NAME: &'static str = "histogram";

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "dataPoints" => reader.read(&mut self.data_points),
            "aggregationTemporality" => reader.enumeration(&mut self.aggregation_temporality),
            _ => reader.skip(),
        }
    }
}

impl Message for ExponentialHistogram {
    const NAME: &'static str = "exponential histogram";

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "dataPoints" => reader.read(&mut self.data_points),
            "aggregationTemporality" => reader.enumeration(&mut self.aggregation_temporality),
            _ => reader.skip(),
        }
    }
}

impl Message for Summary {
    const NAME: &'static str = "summary";

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "dataPoints" => reader.read(&mut self.data_points),
            _ => reader.skip(),
        }
    }
}

impl Message for NumberDataPoint {
    const NAME: &'static str = "data point";
    const SCOPE: Scope = Scope::Item;

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        use number_data_point::Value::{AsDouble, AsInt};
        match key {
            "attributes" => reader.read(&mut self.attributes),
            "startTimeUnixNano" => reader.read(&mut self.start_time_unix_nano),
            "timeUnixNano" => reader.read(&mut self.time_unix_nano),
            "exemplars" => reader.read(&mut self.exemplars),
            "flags" => reader.read(&mut self.flags),
            "asDouble" => reader.choice(&mut self.value, AsDouble),
            "asInt" => reader.choice(&mut self.value, AsInt),
            _ => reader.skip(),
        }
    }
}

impl Message for HistogramDataPoint {
    const NAME: &'static str = "histogram data point";
    const SCOPE: Scope = Scope::Item;

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "attributes" => reader.read(&mut self.attributes),
            "startTimeUnixNano" => reader.read(&mut self.start_time_unix_nano),
            "timeUnixNano" => reader.read(&mut self.time_unix_nano),
            "count" => reader.read(&mut self.count),
            "sum" => reader.read(&mut self.sum),
            "bucketCounts" => reader.read(&mut self.bucket_counts),
            "explicitBounds" => reader.read(&mut self.explicit_bounds),
            "exemplars" => reader.read(&mut self.exemplars),
            "flags" => reader.read(&mut self.flags),
            "min" => reader.read(&mut self.min),
            "max" => reader.read(&mut self.max),
            _ => reader.skip(),
        }
    }
}

impl Message for ExponentialHistogramDataPoint {
    const NAME: &'static str = "exponential histogram data point";
    const SCOPE: Scope = Scope::Item;

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "attributes" => reader.read(&mut self.attributes),
            "startTimeUnixNano" => reader.read(&mut self.start_time_unix_nano),
            "timeUnixNano" => reader.read(&mut self.time_unix_nano),
            "count" => reader.read(&mut self.count),
            "sum" => reader.read(&mut self.sum),
            "scale" => reader.read(&mut self.scale),
            "zeroCount" => reader.read(&mut self.zero_count),
            "positive" => reader.read(&mut self.positive),
            "negative" => reader.read(&mut self.negative),
            "flags" => reader.read(&mut self.flags),
            "exemplars" => reader.read(&mut self.exemplars),
            "min" => reader.read(&mut self.min),
            "max" => reader.read(&mut self.max),
            "zeroThreshold" => reader.read(&mut self.zero_threshold),
            _ => reader.skip(),
        }
    }
}

impl Message for Buckets {
    const NAME: &'static str = "buckets";

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "offset" => reader.read(&mut self.offset),
            "bucketCounts" => reader.read(&mut self.bucket_counts),
            _ => reader.skip(),
        }
    }
}

impl Message for SummaryDataPoint {
    const NAME: &'static str = "summary data point";
    const SCOPE: Scope = Scope::Item;

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "attributes" => reader.read(&mut self.attributes),
            "startTimeUnixNano" => reader.read(&mut self.start_time_unix_nano),
            "timeUnixNano" => reader.read(&mut self.time_unix_nano),
            "count" => reader.read(&mut self.count),
            "sum" => reader.read(&mut self.sum),
            "quantileValues" => reader.read(&mut self.quantile_values),
            "flags" => reader.read(&mut self.flags),
            _ => reader.skip(),
        }
    }
}

impl Message for ValueAtQuantile {
    const NAME: &'static str = "quantile";

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "quantile" => reader.read(&mut self.quantile),
            "value" => reader.read(&mut self.value),
            _ => reader.skip(),
        }
    }
}

impl Message for Exemplar {
    const NAME: &'static str = "exemplar";

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        use exemplar::Value::{AsDouble, AsInt};
        match key {
            "filteredAttributes" => reader.read(&mut self.filtered_attributes),
            "timeUnixNano" => reader.read(&mut self.time_unix_nano),
            "spanId" => reader.hex(&mut self.span_id),
            "traceId" => reader.hex(&mut self.trace_id),
            "asDouble" => reader.choice(&mut self.value, AsDouble),
            "asInt" => reader.choice(&mut self.value, AsInt),
            _ => reader.skip(),
        }
    }
}
