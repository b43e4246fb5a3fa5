//! JSON and protobuf of the same payload give the same result.

use plimsoll_otlp::{
    json::{Decoded, Malformed, read_logs, read_metrics, read_traces},
    proto::collector::logs::v1::ExportLogsServiceRequest,
};
use proptest::{prelude::*, test_runner::TestCaseResult};
use prost::Message;
use serde_json::{Value, json};

use super::{payloads, writer::Spelling};

/// What protobuf carries over must come out of the JSON too, to the bit; NaN included, which is why
/// the bytes are compared.
fn same<M: Message + Default>(
    message: &M,
    write: impl Fn(Spelling) -> Value,
    read: fn(&[u8]) -> Result<Decoded<M>, Malformed>,
) -> TestCaseResult {
    let wire = message.encode_to_vec();
    let by_protobuf = M::decode(&wire[..]).unwrap();
    for spelling in Spelling::ALL {
        let value = write(spelling);
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let decoded = read(text.as_bytes()).unwrap();
            prop_assert_eq!((decoded.rejected, &decoded.reason), (0, &None), "{}", text);
            prop_assert_eq!(
                decoded.value.encode_to_vec(),
                by_protobuf.encode_to_vec(),
                "{:?}: {}",
                spelling,
                text
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Scenario: any metrics request, written in each spelling, compact and with white space.
    /// Guarantees: the reader gives what protobuf gives, and refuses nothing.
    #[test]
    fn metrics_are_the_same_as_by_protobuf(request in payloads::metrics()) {
        same(&request, |spelling| spelling.metrics(&request), read_metrics)?;
    }

    /// Scenario: any logs request, written in each spelling, compact and with white space.
    /// Guarantees: the reader gives what protobuf gives, and refuses nothing.
    #[test]
    fn logs_are_the_same_as_by_protobuf(request in payloads::logs()) {
        same(&request, |spelling| spelling.logs(&request), read_logs)?;
    }

    /// Scenario: any traces request, written in each spelling, compact and with white space.
    /// Guarantees: the reader gives what protobuf gives, and refuses nothing.
    #[test]
    fn traces_are_the_same_as_by_protobuf(request in payloads::traces()) {
        same(&request, |spelling| spelling.traces(&request), read_traces)?;
    }

    /// Scenario: a logs request with any one member of a record replaced by any other JSON value.
    /// Guarantees: that costs the record at most, which is then counted, with a reason.
    #[test]
    fn one_bad_value_costs_no_more_than_its_record(
        request in payloads::logs(),
        place in any::<prop::sample::Index>(),
        other in other_values(),
    ) {
        let mut value = Spelling::Client.logs(&request);
        let count = members_of_records(&mut value).len();
        prop_assume!(count > 0);
        *members_of_records(&mut value)[place.index(count)] = other;
        let decoded = read_logs(value.to_string().as_bytes()).unwrap();
        prop_assert!(decoded.rejected <= 1);
        prop_assert_eq!(records(&decoded.value) + decoded.rejected, records(&request));
        prop_assert_eq!(decoded.reason.is_some(), decoded.rejected > 0);
    }
}

fn other_values() -> impl Strategy<Value = Value> {
    let values =
        [json!(null), json!(true), json!(-1), json!(1.5), json!("x"), json!([]), json!({})];
    proptest::sample::select(values.to_vec())
}

fn records(request: &ExportLogsServiceRequest) -> u64 {
    let scopes = request.resource_logs.iter().flat_map(|resource| &resource.scope_logs);
    scopes.map(|scope| scope.log_records.len() as u64).sum()
}

/// Every member of every log record.
fn members_of_records(request: &mut Value) -> Vec<&mut Value> {
    request["resourceLogs"]
        .as_array_mut()
        .into_iter()
        .flatten()
        .filter_map(|resource| resource["scopeLogs"].as_array_mut())
        .flatten()
        .filter_map(|scope| scope["logRecords"].as_array_mut())
        .flatten()
        .filter_map(Value::as_object_mut)
        .flat_map(|record| record.values_mut())
        .collect()
}
