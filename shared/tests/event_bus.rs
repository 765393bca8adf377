//! The event bus over HTTP: a server that answers as EventBridge does.

#![cfg(test)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::{Value, json};
use shared::aws::sdk_config;
use shared::event_bus::{EventBridgeBus, SOURCE};
use shared::ports::{Event, EventBus, PublishError};
use shared::settings::{Environment, Reader};

/// An answer that takes all events.
const ALL: &[Option<&str>] = &[];

/// One bus whose answers are written down beforehand, and what it was asked.
struct Scene {
    bus: EventBridgeBus,
    requests: Receiver<Value>,
}

impl Scene {
    /// Every answer names, for each of its entries, the code of its failure. An answer may
    /// be any JSON, too.
    fn answering(answers: Vec<Value>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (send, requests) = channel();
        thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let request = read(&mut stream);
                let count = request["Entries"].as_array().map_or(0, Vec::len);
                send.send(request).unwrap();
                write(&mut stream, answer, count);
            }
        });
        Self {
            bus: bus_at(address),
            requests,
        }
    }

    async fn publish(&self, count: usize) -> Result<(), PublishError> {
        let events: Vec<Event> = (0..count).map(event).collect();
        self.bus.publish(&events).await
    }

    /// The ids of the events in each request.
    fn sent(self) -> Vec<Vec<String>> {
        drop(self.bus);
        let ids = |request: Value| {
            let entries = request["Entries"].as_array().unwrap().clone();
            let detail = |entry: &Value| -> Value {
                serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap()
            };
            let id = |entry| detail(&entry)["event_id"].as_str().unwrap().to_owned();
            entries.into_iter().map(id).collect()
        };
        self.requests.try_iter().map(ids).collect()
    }
}

fn bus_at(address: SocketAddr) -> EventBridgeBus {
    let url = format!("http://{address}");
    let environment: Environment = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", &url),
        ("EVENT_BUS_NAME", "the-bus"),
    ]
    .into_iter()
    .collect();
    let settings = Reader::read(&environment, |reader| {
        let aws = reader.aws();
        let name = reader.event_bus();
        Some((aws?, name?))
    });
    let (aws, name) = settings.unwrap();
    EventBridgeBus::new(&sdk_config(&aws).unwrap(), name)
}

fn event(number: usize) -> Event {
    Event {
        event_id: number.to_string(),
        kind: "item.linked",
        detail: json!({ "event_id": number.to_string() }),
    }
}

fn read(stream: &mut TcpStream) -> Value {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    serde_json::from_slice(&body).unwrap()
}

/// A list stands for the results of the entries, anything else for itself.
fn write(stream: &mut TcpStream, answer: Value, count: usize) {
    let (status, body) = match answer {
        Value::Array(codes) => ("200 OK", results(&codes, count)),
        Value::String(code) => ("400 Bad Request", json!({ "__type": code })),
        other => ("200 OK", other),
    };
    let body = body.to_string();
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/x-amz-json-1.1\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    stream.write_all(answer.as_bytes()).unwrap();
}

fn results(codes: &[Value], count: usize) -> Value {
    let result = |place: usize| match codes.get(place).and_then(Value::as_str) {
        Some(code) => json!({ "ErrorCode": code, "ErrorMessage": "canary" }),
        None => json!({ "EventId": format!("e{place}") }),
    };
    let entries: Vec<Value> = (0..count).map(result).collect();
    let failed = entries
        .iter()
        .filter(|entry| entry.get("ErrorCode").is_some());
    json!({ "FailedEntryCount": failed.count(), "Entries": entries })
}

#[tokio::test]
async fn an_event_names_its_bus_its_source_and_its_kind() {
    let scene = Scene::answering(vec![json!(ALL)]);
    scene.publish(1).await.unwrap();
    let expected = json!({ "Entries": [{
        "EventBusName": "the-bus",
        "Source": SOURCE,
        "DetailType": "item.linked",
        "Detail": "{\"event_id\":\"0\"}",
    }]});
    assert_eq!(scene.requests.recv().unwrap(), expected);
}

#[tokio::test]
async fn eleven_events_take_two_calls() {
    let scene = Scene::answering(vec![json!(ALL), json!(ALL)]);
    scene.publish(11).await.unwrap();
    let sent = scene.sent();
    assert_eq!((sent[0].len(), &sent[1]), (10, &vec!["10".to_owned()]));
}

#[tokio::test]
async fn only_what_was_not_taken_is_sent_once_more() {
    let throttled = json!([null, "ThrottlingException", null, "InternalFailure"]);
    let scene = Scene::answering(vec![throttled, json!(ALL)]);
    scene.publish(4).await.unwrap();
    assert_eq!(scene.sent(), [vec!["0", "1", "2", "3"], vec!["1", "3"]]);
}

#[tokio::test]
async fn what_is_refused_twice_is_a_failure_that_names_the_codes_alone() {
    let first = json!(["InternalFailure", null, "ThrottlingException"]);
    let second = json!(["MalformedDetail", "ThrottlingException"]);
    let scene = Scene::answering(vec![first, second]);
    let PublishError(codes) = scene.publish(3).await.unwrap_err();
    assert_eq!(codes, "MalformedDetail, ThrottlingException");
}

#[tokio::test]
async fn an_answer_that_confirms_too_little_is_a_failure() {
    let confirmed = json!({ "EventId": "e" });
    let unconfirmed = [
        json!({ "FailedEntryCount": 0, "Entries": [confirmed] }),
        json!({ "FailedEntryCount": 0, "Entries": [confirmed, {}] }),
        json!({ "FailedEntryCount": 0 }),
    ];
    for answer in unconfirmed {
        let scene = Scene::answering(vec![answer.clone(), json!({ "Entries": [{}] })]);
        let PublishError(codes) = scene.publish(2).await.unwrap_err();
        assert_eq!(codes, "no result", "{answer}");
    }
    let uncounted = json!({ "FailedEntryCount": 1, "Entries": [confirmed, confirmed] });
    let scene = Scene::answering(vec![uncounted]);
    let PublishError(codes) = scene.publish(2).await.unwrap_err();
    assert_eq!(codes, "failures without a code");
}

#[tokio::test]
async fn a_refused_call_is_a_failure_that_names_its_code() {
    let scene = Scene::answering(vec![json!("ResourceNotFoundException")]);
    let PublishError(code) = scene.publish(1).await.unwrap_err();
    assert_eq!(code, "ResourceNotFoundException");
}

#[tokio::test]
async fn a_bus_that_does_not_answer_is_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let PublishError(reason) = bus_at(address).publish(&[event(0)]).await.unwrap_err();
    assert_eq!(reason, "no connection");
}
