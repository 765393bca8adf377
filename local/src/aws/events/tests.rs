//! The log of events, and what EventBridge's API takes.

use super::*;

fn entry(number: u32) -> Value {
    let detail = json!({ "n": number }).to_string();
    json!({ "Source": "test", "DetailType": "counted", "Detail": detail, "EventBusName": "bus" })
}

fn put(log: &EventLog, entries: &Value) -> Result<Value, PutError> {
    let body = json!({ "Entries": entries }).to_string();
    log.put_events(body.as_bytes(), |bus| bus == "bus" || bus == DEFAULT_BUS)
}

fn details(events: &[Arc<Event>]) -> Vec<i64> {
    let detail = |event: &Arc<Event>| event.event["detail"]["n"].as_i64().unwrap();
    events.iter().map(detail).collect()
}

#[test]
fn events_have_the_shape_of_aws_and_are_numbered() {
    let log = EventLog::default();
    let mut second = entry(2);
    second["EventBusName"] = "arn:aws:events:us-east-1:123456789012:event-bus/bus".into();
    second["Time"] = 1_700_000_000.into();
    let answer = put(&log, &json!([entry(1), second])).unwrap();
    assert_eq!(answer["FailedEntryCount"], 0);
    let events = log.after(0);
    assert_eq!(
        events.iter().map(|event| event.number).collect::<Vec<_>>(),
        [1, 2]
    );
    assert_eq!(events[1].bus, "bus");
    let event = &events[1].event;
    assert_eq!(event["id"], answer["Entries"][1]["EventId"]);
    assert_eq!(event["time"], "2023-11-14T22:13:20Z");
    assert_eq!(
        (&event["source"], &event["detail-type"]),
        (&"test".into(), &"counted".into())
    );
    assert_eq!(event["detail"], json!({ "n": 2 }));
    assert_eq!(details(&log.after(1)), [2]);
}

#[test]
fn a_refused_entry_says_why_and_the_others_are_taken() {
    let log = EventLog::default();
    let without = |field: &str| {
        let mut entry = entry(0);
        entry.as_object_mut().unwrap().remove(field);
        entry
    };
    let with = |field: &str, value: &str| {
        let mut entry = entry(0);
        entry[field] = value.into();
        entry
    };
    let entries = json!([
        without("Source"),
        without("DetailType"),
        with("Detail", "[1]"),
        entry(1),
        with("EventBusName", "nobodys"),
        without("EventBusName"),
    ]);
    let answer = put(&log, &entries).unwrap();
    assert_eq!(answer["FailedEntryCount"], 4);
    let codes: Vec<_> = answer["Entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["ErrorCode"])
        .collect();
    let (invalid, none) = (Value::from("InvalidArgument"), Value::Null);
    assert_eq!(
        codes,
        [
            &invalid,
            &invalid,
            &"MalformedDetail".into(),
            &none,
            &"ResourceNotFoundException".into(),
            &none
        ]
    );
    let buses: Vec<_> = log.after(0).iter().map(|event| event.bus.clone()).collect();
    assert_eq!(buses, ["bus", DEFAULT_BUS]);
}

#[test]
fn aws_limits_hold() {
    let log = EventLog::default();
    assert!(matches!(put(&log, &json!([])), Err(PutError::Invalid(_))));
    let eleven: Vec<_> = (0..11).map(entry).collect();
    assert!(matches!(
        put(&log, &json!(eleven)),
        Err(PutError::Invalid(_))
    ));
    let mut large = entry(0);
    large["Detail"] = json!({ "n": "x".repeat(MAX_BYTES) }).to_string().into();
    assert!(matches!(
        put(&log, &json!([large])),
        Err(PutError::Invalid(_))
    ));
    assert_eq!(log.after(0), []);
}

#[test]
fn the_newest_five_hundred_can_be_read() {
    let log = EventLog::default();
    for ten in 0..51 {
        let entries: Vec<_> = (1..=10).map(|n| entry(ten * 10 + n)).collect();
        put(&log, &json!(entries)).unwrap();
    }
    let all = log.after(0);
    assert_eq!((all.len(), all[0].number, all[499].number), (500, 11, 510));
    assert_eq!(details(&log.after(508)), [509, 510]);
    assert_eq!(log.after(510), []);
}

#[test]
fn events_survive_a_crash_and_a_line_that_was_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("events.jsonl");
    let log = EventLog::open(Some(file.clone())).unwrap();
    put(&log, &json!([entry(1), entry(2)])).unwrap();
    drop(log);
    let mut torn = File::options().append(true).open(&file).unwrap();
    torn.write_all(br#"{"number":3,"put_at":"20"#).unwrap();
    let log = EventLog::open(Some(file.clone())).unwrap();
    put(&log, &json!([entry(3)])).unwrap();
    drop(log);
    let log = EventLog::open(Some(file)).unwrap();
    assert_eq!(details(&log.after(0)), [1, 2, 3]);
    assert_eq!(log.last(), 3);
}

#[test]
fn a_subscriber_gets_what_it_missed_and_what_comes() {
    let log = EventLog::default();
    put(&log, &json!([entry(1), entry(2)])).unwrap();
    let mut subscription = log.subscribe(1);
    put(&log, &json!([entry(3)])).unwrap();
    assert_eq!(details(&subscription.missed), [2]);
    assert_eq!(details(&[subscription.next.try_recv().unwrap()]), [3]);
    assert!(subscription.next.try_recv().is_err());
}

#[test]
fn what_may_be_secret_is_not_printed() {
    let mut detail = json!({
        "item_id": "i",
        "accounts": [{ "processor_token": "t", "mask": "0" }],
        "Secrets": { "a": 1 },
    });
    hide(&mut detail);
    let expected = json!({
        "item_id": "i",
        "accounts": [{ "processor_token": "***", "mask": "0" }],
        "Secrets": "***",
    });
    assert_eq!(detail, expected);
}
