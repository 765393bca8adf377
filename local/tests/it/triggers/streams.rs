//! Functions that read a stream.

use std::sync::Arc;
use std::time::Duration;

use axum::{Json, Router};
use local::functions::remote::Remote;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;

use super::stage::{STREAM, Stage};
use crate::support::client;

fn mapping(more: &str) -> [(&'static str, &'static str, String); 1] {
    [("f", "DynamoDB", format!("{STREAM}, {more}"))]
}

const REPORTING: &str = "FunctionResponseTypes: [ReportBatchItemFailures]";

#[tokio::test]
async fn records_come_in_order_and_look_as_in_lambda() {
    let mut stage = Stage::new(&mapping("")).await;
    let [mut f] = stage.start().await;
    stage.put("a").await;
    f.takes(&["a"]).await;
    stage.put("a").await;
    f.takes(&["a"]).await;
    stage.delete("a").await;
    let call = f.called().await;
    let removed = call.event["Records"][0].clone();
    assert_eq!(removed["eventName"], "REMOVE");
    assert_eq!(removed["dynamodb"].get("NewImage"), None);
    call.succeeds();
    stage.put("b").await;
    let call = f.called().await;
    let record = &call.event["Records"][0];
    let [name, source, region] = ["eventName", "eventSource", "awsRegion"].map(|f| &record[f]);
    assert_eq!(
        (name, source, region),
        (
            &json!("INSERT"),
            &json!("aws:dynamodb"),
            &json!("us-east-1")
        )
    );
    assert_eq!(record["eventVersion"], "1.1");
    assert_eq!(record["eventID"].as_str().unwrap().len(), 32);
    let arn = record["eventSourceARN"].as_str().unwrap();
    let table = "arn:aws:dynamodb:us-east-1:123456789012:table/local-Table/stream/";
    assert!(arn.starts_with(table), "{arn}");
    let change = &record["dynamodb"];
    assert_eq!(change["Keys"], json!({ "pk": { "S": "b" } }));
    assert_eq!(
        change["NewImage"],
        json!({ "pk": { "S": "b" }, "n": { "N": "1" } })
    );
    assert_eq!(change["StreamViewType"], "NEW_IMAGE");
    assert!(
        change["SequenceNumber"].as_str().unwrap() > number_of(&removed),
        "{record}"
    );
    assert!(change["SizeBytes"].as_u64().unwrap() > 0);
    assert!(change["ApproximateCreationDateTime"].as_u64().unwrap() > 1_700_000_000);
    call.succeeds();
}

fn number_of(record: &Value) -> &str {
    record["dynamodb"]["SequenceNumber"].as_str().unwrap()
}

#[tokio::test]
async fn only_what_fits_a_filter_is_delivered() {
    let keys = |prefix: &str| {
        format!(
            r#"{{ Pattern: '{{"eventName":["INSERT"],"dynamodb":{{"Keys":{{"pk":{{"S":[{{"prefix":"{prefix}"}}]}}}}}}}}' }}"#
        )
    };
    let filters = format!(
        "FilterCriteria: {{ Filters: [{}, {}] }}",
        keys("INBOX#"),
        keys("C#")
    );
    let mut stage = Stage::new(&mapping(&filters)).await;
    let [mut f] = stage.start().await;
    stage.put("USER#1").await;
    stage.put("INBOX#1").await;
    f.takes(&["INBOX#1"]).await;
    stage.put("INBOX#1").await;
    stage.delete("INBOX#1").await;
    stage.put("C#1").await;
    f.takes(&["C#1"]).await;
}

#[tokio::test]
async fn a_batch_is_as_large_as_the_template_says_at_most() {
    let mut stage = Stage::new(&mapping("BatchSize: 2")).await;
    let [mut f] = stage.start().await;
    stage.put("1").await;
    let first = f.called().await;
    stage.put_all(&["2", "3", "4", "5", "6"]).await;
    first.succeeds();
    f.takes(&["2", "3"]).await;
    f.takes(&["4", "5"]).await;
    f.takes(&["6"]).await;
}

#[tokio::test]
async fn records_wait_for_others_as_long_as_the_template_says() {
    let window = "BatchSize: 2, MaximumBatchingWindowInSeconds: 3";
    let mut stage = Stage::new(&mapping(window)).await;
    let [mut f] = stage.start().await;
    stage.put("1").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!f.is_called());
    // Full before the time is over.
    stage.put("2").await;
    f.takes(&["1", "2"]).await;
    stage.put("3").await;
    f.takes(&["3"]).await;
}

#[tokio::test]
async fn a_batch_that_fails_comes_again_and_nothing_overtakes_it() {
    let mut stage = Stage::new(&mapping("")).await;
    let [mut f] = stage.start().await;
    stage.put_all(&["1", "2"]).await;
    for _ in 0..3 {
        let call = f.called().await;
        assert_eq!(call.keys(), ["1", "2"]);
        stage.put("3").await;
        call.fails();
    }
    f.takes(&["1", "2"]).await;
    f.takes(&["3", "3", "3"]).await;
}

#[tokio::test]
async fn a_partial_failure_comes_again_from_the_lowest_failed_record_on() {
    let mut stage = Stage::new(&mapping(REPORTING)).await;
    let [mut f] = stage.start().await;
    stage.put_all(&["1", "2", "3", "4"]).await;
    let call = f.called().await;
    let answer = call.failing(&["2", "4"]);
    call.answers(answer);
    let call = f.called().await;
    assert_eq!(call.keys(), ["2", "3", "4"]);
    let answer = call.failing(&["4"]);
    call.answers(answer);
    f.takes(&["4"]).await;
    stage.put("5").await;
    f.takes(&["5"]).await;
}

#[tokio::test]
async fn a_split_finds_the_record_that_fails_and_gives_up_no_other() {
    let limits = "BisectBatchOnFunctionError: true, MaximumRetryAttempts: 1";
    let mut stage = Stage::new(&mapping(limits)).await;
    let [mut f] = stage.start().await;
    stage.put_all(&["1", "2", "3", "4"]).await;
    f.called().await.fails();
    f.takes(&["1", "2"]).await;
    let call = f.called().await;
    assert_eq!(call.keys(), ["3", "4"]);
    call.fails();
    for _ in 0..2 {
        let call = f.called().await;
        assert_eq!(call.keys(), ["3"]);
        call.fails();
    }
    f.takes(&["4"]).await;
    stage.put("5").await;
    f.takes(&["5"]).await;
}

#[tokio::test]
async fn a_batch_is_given_up_when_its_retries_are_used_up() {
    let mut stage = Stage::new(&mapping("MaximumRetryAttempts: 2")).await;
    let [mut f] = stage.start().await;
    stage.put_all(&["1", "2"]).await;
    for _ in 0..3 {
        let call = f.called().await;
        assert_eq!(call.keys(), ["1", "2"]);
        call.fails();
    }
    stage.put("3").await;
    f.takes(&["3"]).await;
}

#[tokio::test]
async fn a_slow_function_holds_up_no_other() {
    let functions = ["f", "g"].map(|name| (name, "DynamoDB", format!("{STREAM}, BatchSize: 1")));
    let mut stage = Stage::new(&functions).await;
    let [mut f, mut g] = stage.start().await;
    stage.put_all(&["1", "2", "3"]).await;
    let slow = f.called().await;
    for key in ["1", "2", "3"] {
        g.takes(&[key]).await;
    }
    assert!(!f.is_called());
    slow.succeeds();
    f.takes(&["2"]).await;
}

#[tokio::test]
async fn batches_are_under_way_at_once_where_the_template_says_so_but_never_of_one_item() {
    let folder = tempfile::tempdir().unwrap();
    let functions = mapping("ParallelizationFactor: 4, BatchSize: 1");
    let mut stage = Stage::in_folder(&functions, folder.path()).await;
    let [mut f] = stage.start().await;
    let keys: Vec<String> = (0..20).map(|n| format!("key-{n}")).collect();
    for key in &keys {
        stage.put(key).await;
        stage.put(key).await;
    }
    let mut at_once = Vec::new();
    for _ in 0..4 {
        at_once.push(f.called().await);
    }
    let first: Vec<_> = at_once
        .iter()
        .map(|call| call.keys()[0].to_owned())
        .collect();
    let mut done: Vec<(String, String)> = Vec::new();
    while done.len() < 30 {
        let call = match at_once.pop() {
            Some(call) => call,
            None => f.called().await,
        };
        let name = call.event["Records"][0]["eventName"].as_str().unwrap();
        done.push((call.keys()[0].to_owned(), name.to_owned()));
        call.succeeds();
    }
    for (at, (key, name)) in done.iter().enumerate() {
        let before = done[..at].iter().filter(|(other, _)| other == key).count();
        let expected = ["INSERT", "MODIFY"].get(before);
        assert_eq!(expected, Some(&name.as_str()), "{done:?}");
    }
    let different: std::collections::BTreeSet<_> = first.iter().collect();
    assert_eq!(different.len(), 4, "{first:?}");

    // Each goes on where it was.
    stage.stop().await;
    let [mut f] = stage.start().await;
    let mut seen: std::collections::BTreeSet<_> = done.into_iter().collect();
    while seen.len() < 40 {
        let call = f.called().await;
        let name = call.event["Records"][0]["eventName"].as_str().unwrap();
        seen.insert((call.keys()[0].to_owned(), name.to_owned()));
        call.succeeds();
    }
}

#[tokio::test]
async fn a_kill_loses_nothing_and_what_was_done_does_not_come_again() {
    let folder = tempfile::tempdir().unwrap();
    let functions = mapping("BatchSize: 1");
    let mut stage = Stage::in_folder(&functions, folder.path()).await;
    let [mut f] = stage.start().await;
    stage.put_all(&["1", "2", "3"]).await;
    f.takes(&["1"]).await;
    // By now it is written down that the first one is done.
    let under_way = f.called().await;
    assert_eq!(under_way.keys(), ["2"]);
    stage.kill();
    drop(stage);

    let mut stage = Stage::in_folder(&functions, folder.path()).await;
    stage.put("4").await;
    let [mut f] = stage.start().await;
    for key in ["2", "3", "4"] {
        f.takes(&[key]).await;
    }
}

#[tokio::test]
async fn a_stop_lets_what_is_under_way_finish_and_begins_nothing_new() {
    let folder = tempfile::tempdir().unwrap();
    let functions = mapping("BatchSize: 1");
    let mut stage = Stage::in_folder(&functions, folder.path()).await;
    let [mut f] = stage.start().await;
    stage.put_all(&["1", "2"]).await;
    let call = f.called().await;
    let finish = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        call.succeeds();
    };
    tokio::join!(stage.stop(), finish);
    assert!(!f.is_called());
    let [mut f] = stage.start().await;
    f.takes(&["2"]).await;
}

#[tokio::test]
async fn a_mapping_that_begins_with_the_latest_leaves_out_what_was_before_its_first_start_only() {
    let folder = tempfile::tempdir().unwrap();
    let properties = STREAM.replace("TRIM_HORIZON", "LATEST");
    let functions = [("f", "DynamoDB", properties)];
    let mut stage = Stage::in_folder(&functions, folder.path()).await;
    stage.put("1").await;
    let [_f] = stage.start().await;
    stage.kill();
    stage.put("2").await;
    let [mut f] = stage.start().await;
    f.takes(&["2"]).await;
}

#[tokio::test]
async fn not_reaching_a_remote_function_uses_up_no_retries() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let base = Url::parse(&format!("http://{address}")).unwrap();
    let mut stage = Stage::new(&mapping("MaximumRetryAttempts: 0")).await;
    let remote = Remote::new(client(), &base, "f").unwrap();
    stage.start_with(vec![Arc::new(remote)]).await;
    stage.put("1").await;
    tokio::time::sleep(Duration::from_millis(500)).await;

    let (sender, mut received) = tokio::sync::mpsc::unbounded_channel();
    let router = Router::new().fallback(move |Json(event): Json<Value>| {
        sender.send(event).unwrap();
        async { Json(json!({})) }
    });
    let listener = TcpListener::bind(address).await.unwrap();
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, router).await.unwrap() });
    let event = received.recv().await.unwrap();
    assert_eq!(event["Records"][0]["dynamodb"]["Keys"]["pk"]["S"], "1");
}
