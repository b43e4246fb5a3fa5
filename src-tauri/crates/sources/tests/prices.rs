//! The built-in prices, held against what the client itself says that its requests cost.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::{collections::BTreeMap, fs, io::Read, path::Path};

use flate2::read::GzDecoder;
use plimsoll_domain::{
    ApiRequest, ConnectionId, Model, NanoUsd, QuerySource, Rates, Statement, Timestamp, Tokens,
};
use plimsoll_otlp::{Arrival, Export, json, proto::collector::logs::v1::ExportLogsServiceRequest};
use plimsoll_replay::{Capture, Content, Entry, Signal};
use plimsoll_sources::{prices, read};
use prost::Message;
use serde_json::Value;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/fixtures");

/// Scenario: the requests of `prices/measured.tsv`, whose usage was scripted: each type of tokens alone and all
/// together, web searches, the fast mode, inputs of up to 900,001 tokens, of every model that the client prices.
/// Guarantees: the table says the same as the client, to the nano-dollar.
#[test]
fn every_measured_request_costs_what_the_client_says() {
    let table = prices::built_in();
    let measured = fs::read_to_string(format!("{FIXTURES}/prices/measured.tsv")).unwrap();
    let mut models = BTreeMap::new();
    for line in measured.lines().filter(|line| !line.starts_with('#')) {
        let (request, cost) = measurement(line);
        assert_eq!(table.cost(&request), Some(cost), "{line}");
        *models.entry(request.model).or_insert(0) += 1;
    }
    assert_eq!((models.len(), models.values().sum::<u32>()), (28, 548));
}

fn measurement(line: &str) -> (ApiRequest, NanoUsd) {
    let columns: Vec<_> = line.split('\t').collect();
    let [model, speed, searches, input, output, read, five, hour, cost] = columns[..] else {
        panic!("{line}")
    };
    let count = |text: &str| text.parse::<u64>().unwrap();
    let tokens = Tokens {
        input: count(input),
        output: count(output),
        cache_read: count(read),
        cache_creation: count(five) + count(hour),
    };
    let request = ApiRequest {
        cache_creation_1h: Some(count(hour)),
        fast: Some(speed == "fast"),
        web_searches: Some(count(searches)),
        ..ApiRequest::new(None, Model::parse(model).0, QuerySource::Main, tokens)
    };
    (request, NanoUsd::from_usd(cost.parse().unwrap()).unwrap())
}

/// Scenario: the events of all captures, with the usage that the scripted API answered to them; sessions whose
/// streams died apart, because the client adds what they cost to the cost of the retry.
/// Guarantees: every completed request costs what the client says, to the nano-dollar; those apart no more than that.
#[test]
fn every_captured_request_costs_what_the_client_says() {
    let table = prices::built_in();
    let (mut compared, mut apart) = (0, 0);
    for folder in fs::read_dir(format!("{FIXTURES}/captures")).unwrap() {
        let folder = folder.unwrap().path();
        let told = told_costs(&folder);
        let truth: Value =
            serde_json::from_slice(&fs::read(folder.join("truth.json")).unwrap()).unwrap();
        let answers = truth["requests"].as_array().unwrap();
        let died = |session: &Value| {
            answers.iter().any(|answer| {
                answer["session_id"] == *session
                    && answer["outcome"] != "ok"
                    && !answer["usage"].is_null()
            })
        };
        for answer in answers.iter().filter(|answer| answer["outcome"] == "ok") {
            // A killed client did not send all of its events.
            let Some(cost) = told.get(answer["request_id"].as_str().unwrap()) else { continue };
            let own = table.cost(&answered(answer)).unwrap();
            if died(&answer["session_id"]) {
                assert!(own <= *cost, "{folder:?} {answer}");
                apart += 1;
            } else {
                assert_eq!(own, *cost, "{folder:?} {answer}");
                compared += 1;
            }
        }
    }
    assert_eq!((compared, apart), (106, 6));
}

/// What the events of a capture say that requests cost, by request id.
fn told_costs(folder: &Path) -> BTreeMap<String, NanoUsd> {
    let capture = Capture::open(folder).unwrap();
    let logs = capture.entries.iter().filter(|entry| entry.signal == Signal::Logs);
    let facts = logs.flat_map(|entry| {
        let export = Export::Logs(decoded(entry));
        let connection = ConnectionId(u64::from(entry.connection));
        read(&Arrival { export, connection, at: Timestamp::EPOCH }).facts
    });
    facts
        .filter_map(|fact| match fact.statement {
            Statement::Request(request) => {
                Some((request.id.unwrap().as_str().to_owned(), request.cost.unwrap()))
            }
            _ => None,
        })
        .collect()
}

fn decoded(entry: &Entry) -> ExportLogsServiceRequest {
    let mut body = entry.body.to_vec();
    if entry.is_deflated() {
        body.clear();
        GzDecoder::new(entry.body.as_ref()).read_to_end(&mut body).unwrap();
    }
    match entry.content {
        Content::Json => json::read_logs(&body).unwrap().value,
        Content::Protobuf => Message::decode(body.as_slice()).unwrap(),
    }
}

fn answered(answer: &Value) -> ApiRequest {
    let count = |key: &str| answer["usage"][key].as_u64().unwrap();
    let tokens = Tokens {
        input: count("input_tokens"),
        output: count("output_tokens"),
        cache_read: count("cache_read_input_tokens"),
        cache_creation: count("cache_creation_input_tokens"),
    };
    let model = Model::parse(answer["model"].as_str().unwrap()).0;
    ApiRequest {
        cache_creation_1h: Some(count("ephemeral_1h")),
        ..ApiRequest::new(None, model, QuerySource::Main, tokens)
    }
}

/// Scenario: the three models of the synthetic corpus.
/// Guarantees: their rates are the corpus's own: dollars per million tokens of input, output, five-minute and
/// one-hour cache writes, and cache reads.
#[test]
fn the_corpus_has_the_same_rates() {
    let table = prices::built_in();
    let corpus = [
        ("claude-opus-4-5", [5_000, 25_000, 6_250, 10_000, 500]),
        ("claude-sonnet-4-5", [3_000, 15_000, 3_750, 6_000, 300]),
        ("claude-haiku-4-5", [1_000, 5_000, 1_250, 2_000, 100]),
    ];
    for (model, thousandths) in corpus {
        let [input, output, cache_write_5m, cache_write_1h, cache_read] =
            thousandths.map(|thousandth| thousandth * 1_000_000);
        let rates = Rates { input, output, cache_read, cache_write_5m, cache_write_1h };
        let price = table.price(&Model::parse(model).0).unwrap();
        assert_eq!((price.usual, price.fast, price.long), (rates, None, None), "{model}");
    }
}
