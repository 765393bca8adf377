//! Functions that follow the events of a bus, and who else can see the events.

use local::{Options, Stack};
use serde_json::{Value, json};

use super::stage::{Functions, Stage};
use crate::support::{aws, client};

fn rule(properties: &str) -> [(&'static str, &'static str, String); 1] {
    [(
        "f",
        "EventBridgeRule",
        format!("EventBusName: !Ref Bus, {properties}"),
    )]
}

const READY: &str = "Pattern: { source: [ours], detail: { status: [ready] } }";

fn ready(number: u32) -> Value {
    json!({ "status": "ready", "number": number })
}

#[tokio::test]
async fn an_event_that_fits_a_rule_reaches_its_function() {
    let mut stage = Stage::new(&rule(READY)).await;
    let [mut f] = stage.start().await;
    let answer = stage
        .put_events(&[json!({ "status": "pending" }), ready(1)])
        .await;
    assert_eq!(answer["FailedEntryCount"], 0);
    let call = f.called().await;
    assert_eq!(call.event["detail"], ready(1));
    assert_eq!(call.event["id"], answer["Entries"][1]["EventId"]);
    assert_eq!(call.event["detail-type"], "changed");
    assert_eq!(
        (&call.event["account"], &call.event["region"]),
        (&json!("123456789012"), &json!("us-east-1"))
    );
    call.succeeds();
    assert!(!f.is_called());
}

#[tokio::test]
async fn a_rule_only_sees_its_own_bus() {
    let functions: Functions<'_> = &[
        ("f", "EventBridgeRule", READY.to_owned()),
        (
            "g",
            "EventBridgeRule",
            format!("EventBusName: !GetAtt Bus.Arn, {READY}, InputPath: $.detail"),
        ),
    ];
    let mut stage = Stage::new(functions).await;
    let [mut f, mut g] = stage.start().await;
    stage.put_events(&[ready(1)]).await;
    let call = g.called().await;
    assert_eq!(call.event, ready(1));
    call.succeeds();
    stage.put_events(&[ready(2)]).await;
    assert_eq!(g.called().await.event, ready(2));
    assert!(!f.is_called());
}

#[tokio::test]
async fn an_event_that_fails_comes_again_and_holds_up_no_other() {
    let mut stage = Stage::new(&rule(&format!("{READY}, InputPath: $.detail.number"))).await;
    let [mut f] = stage.start().await;
    stage.put_events(&[ready(1)]).await;
    let call = f.called().await;
    stage.put_events(&[ready(2)]).await;
    let other = f.called().await;
    assert_eq!((&call.event, &other.event), (&json!(1), &json!(2)));
    other.succeeds();
    call.fails();
    // Once more, as the template says, and that is all.
    let call = f.called().await;
    assert_eq!(call.event, 1);
    call.fails();
    stage.put_events(&[ready(3)]).await;
    assert_eq!(f.called().await.event, 3);
}

#[tokio::test]
async fn what_a_kill_left_undelivered_is_delivered_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let functions = rule(&format!("{READY}, InputPath: $.detail.number"));
    let mut stage = Stage::in_folder(&functions, folder.path()).await;
    stage.put_events(&[ready(0)]).await;
    let [mut f] = stage.start().await;
    stage.put_events(&[ready(1), ready(2)]).await;
    let (one, two) = (f.called().await, f.called().await);
    let (done, open) = if one.event == 1 {
        (one, two)
    } else {
        (two, one)
    };
    done.succeeds();
    // The other one is under way.
    stage.put_events(&[ready(3)]).await;
    assert_eq!(f.called().await.event, 3);
    stage.kill();
    drop((open, stage));

    let mut stage = Stage::in_folder(&functions, folder.path()).await;
    let [mut f] = stage.start().await;
    let mut numbers = Vec::new();
    while !(numbers.contains(&2) && numbers.contains(&3)) {
        let call = f.called().await;
        numbers.push(call.event.as_u64().unwrap());
        call.succeeds();
    }
    assert!(!numbers.contains(&0), "{numbers:?}");
}

async fn put_on_default_bus(stack: &Stack, detail: &Value) {
    let entry = json!({ "Source": "s", "DetailType": "d", "Detail": detail.to_string() });
    let body = json!({ "Entries": [entry] });
    let answer = aws(&client(), stack.aws_url(), "AWSEvents.PutEvents", &body).await;
    assert_eq!(answer.unwrap()["FailedEntryCount"], 0);
}

#[tokio::test]
async fn the_events_can_be_read_on_the_gateway_from_any_number_on() {
    let (stack, client) = (Stack::start(Options::default()).await.unwrap(), client());
    let url = format!("{}/dev/events", stack.gateway_url());
    let read = async |query: &str| -> Value {
        let answer = client.get(format!("{url}{query}")).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{query}");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        answer.json().await.unwrap()
    };
    assert_eq!(read("").await, json!([]));
    for number in 1..=3 {
        put_on_default_bus(&stack, &json!({ "n": number })).await;
    }
    let all = read("").await;
    let details: Vec<_> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["event"]["detail"]["n"])
        .collect();
    assert_eq!(details, [1, 2, 3]);
    assert_eq!(all[0]["number"], 1);
    assert_eq!(all[0]["bus"], "default");
    let later = read("?after=2").await;
    assert_eq!(later, json!([all[2]]));
    assert_eq!(read("?after=3").await, json!([]));
    stack.stop().await;
}

#[tokio::test]
async fn a_stranger_does_not_read_events_and_a_wrong_question_is_refused() {
    let (stack, client) = (Stack::start(Options::default()).await.unwrap(), client());
    let url = format!("{}/dev/events", stack.gateway_url());
    let from_elsewhere = client.get(&url).header("host", "evil.example");
    assert_eq!(from_elsewhere.send().await.unwrap().status(), 403);
    let posted = client.post(&url).send().await.unwrap();
    assert_eq!(
        (posted.status().as_u16(), &posted.headers()["allow"]),
        (405, &"GET".parse().unwrap())
    );
    for query in ["?after=x", "?before=1", "?after=-1"] {
        let answer = client.get(format!("{url}{query}")).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{query}");
    }
    stack.stop().await;
}
