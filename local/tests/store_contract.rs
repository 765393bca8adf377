//! The table keeps every promise of a store, over DynamoDB's own protocol; and what only a
//! network can do to it.

#![cfg(test)]

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use local::{Options, Stack};
use serde_json::json;
use shared::aws::sdk_config;
use shared::domain::{Exchange, ExchangeStep, Item};
use shared::ports::{
    Alongside, Changes, Claim, ExchangeRecords, ItemChanges, ItemRecords, StoreError,
};
use shared::settings::{AwsSettings, Environment, Reader};
use shared::store::Table;
use shared::test_util::store_contract::samples;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// A table in a stack of its own, which ends with it.
struct FreshTable {
    table: Table,
    _stack: Stack,
}

impl Deref for FreshTable {
    type Target = Table;

    fn deref(&self) -> &Table {
        &self.table
    }
}

async fn fresh() -> FreshTable {
    let stack = Stack::start(Options::default()).await.unwrap();
    let (aws, name) = settings(&stack);
    FreshTable {
        table: Table::new(&sdk_config(&aws).unwrap(), &aws, name),
        _stack: stack,
    }
}

fn settings(stack: &Stack) -> (AwsSettings, String) {
    let environment: Environment = stack.environment().clone().into_iter().collect();
    let settings = Reader::read(&environment, |reader| {
        let aws = reader.aws();
        let table = reader.table_name();
        Some((aws?, table?))
    });
    settings.unwrap()
}

shared::store_contract!(crate::fresh);

/// What happens to a write on its way.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    /// It arrives, and its answer does not.
    AnswerLost,
    /// It meets a transaction of somebody else's.
    Conflict,
}

/// DynamoDB behind a network on which writes get into trouble.
struct TroubledTable {
    table: Table,
    troubles: Troubles,
    _stack: Stack,
    _network: JoinSet<()>,
}

type Troubles = Arc<Mutex<VecDeque<Trouble>>>;

#[derive(Clone)]
struct Network {
    dynamodb: String,
    client: reqwest::Client,
    troubles: Troubles,
}

impl TroubledTable {
    async fn start() -> Self {
        let stack = Stack::start(Options::default()).await.unwrap();
        let (mut aws, name) = settings(&stack);
        let network = Network {
            dynamodb: stack.dynamodb_url().to_owned(),
            client: local::functions::remote::client().unwrap(),
            troubles: Troubles::default(),
        };
        let troubles = network.troubles.clone();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(pass_on).with_state(network);
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.unwrap() });
        aws.dynamodb_endpoint_url = Some(url);
        Self {
            table: Table::new(&sdk_config(&aws).unwrap(), &aws, name),
            troubles,
            _stack: stack,
            _network: server,
        }
    }

    /// The next writes meet this, one each.
    fn meet(&self, trouble: Trouble, times: usize) {
        let mut troubles = self.troubles.lock().unwrap();
        troubles.extend(std::iter::repeat_n(trouble, times));
    }

    fn all_met(&self) -> bool {
        self.troubles.lock().unwrap().is_empty()
    }

    async fn recorded(&self) -> (Exchange, Item) {
        let exchange = samples::exchange();
        self.table.claim(&exchange).await.unwrap();
        let item = samples::item_of(&exchange);
        let change = samples::change("recorded", &item);
        let recorded = self.table.record_item(&exchange, &item, &change).await;
        recorded.unwrap();
        (samples::at_step(&exchange, ExchangeStep::Exchanged), item)
    }

    async fn version(&self) -> u64 {
        let item = samples::plain_item();
        let stored = self.table.item(&item.user_id, &item.item_id).await;
        stored.unwrap().unwrap().version
    }

    async fn changes(&self) -> usize {
        let page = self.table.changes(&samples::user(), None, 100).await;
        page.unwrap().changes.len()
    }
}

async fn pass_on(State(network): State<Network>, headers: HeaderMap, body: Bytes) -> Response {
    let operation = headers.get("x-amz-target").unwrap().to_str().unwrap();
    let reads = operation.ends_with("GetItem") || operation.ends_with("Query");
    let trouble = if reads {
        None
    } else {
        network.troubles.lock().unwrap().pop_front()
    };
    if let Some(Trouble::Conflict) = trouble {
        return conflict(operation);
    }
    let mut forwarded = headers;
    forwarded.remove(header::HOST);
    forwarded.remove(header::CONTENT_LENGTH);
    let request = network.client.post(&network.dynamodb).headers(forwarded);
    let answer = request.body(body).send().await.unwrap();
    if let Some(Trouble::AnswerLost) = trouble {
        return StatusCode::GATEWAY_TIMEOUT.into_response();
    }
    let status = answer.status();
    (status, answer.bytes().await.unwrap()).into_response()
}

fn conflict(operation: &str) -> Response {
    let mut answer = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionConflictException",
        "message": "Transaction is ongoing for the item",
    });
    if operation.ends_with("TransactWriteItems") {
        answer = json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": "Transaction cancelled",
            "CancellationReasons": [{ "Code": "None" }, { "Code": "TransactionConflict" }],
        });
    }
    (StatusCode::BAD_REQUEST, answer.to_string()).into_response()
}

#[tokio::test]
async fn a_replacement_whose_answer_is_lost_counts_once() {
    let troubled = TroubledTable::start().await;
    let (_, item) = troubled.recorded().await;
    let later = samples::linked(&item);
    let change = samples::change("later", &later);
    let alongside = Alongside {
        change: Some(&change),
        ..Alongside::default()
    };
    troubled.meet(Trouble::AnswerLost, 2);
    troubled.table.replace(&later, alongside).await.unwrap();
    assert!(troubled.all_met());
    assert_eq!((troubled.version().await, troubled.changes().await), (2, 2));
}

#[tokio::test]
async fn a_finish_that_was_never_answered_can_be_sent_again() {
    let troubled = TroubledTable::start().await;
    let (mine, item) = troubled.recorded().await;
    let later = samples::linked(&item);
    let change = samples::change("later", &later);
    let answer = samples::answer(1);
    let finish = || troubled.table.finish(&mine, &later, &change, &answer);
    // As often as the SDK sends it by itself.
    troubled.meet(Trouble::AnswerLost, 3);
    let unknown = finish().await.unwrap_err();
    assert!(matches!(unknown, StoreError::Unavailable(_)), "{unknown}");
    assert!(troubled.all_met());
    finish().await.unwrap();
    assert_eq!((troubled.version().await, troubled.changes().await), (2, 2));
}

#[tokio::test]
async fn single_writes_whose_answers_are_lost_count_once() {
    let troubled = TroubledTable::start().await;
    let mine = samples::exchange();
    troubled.meet(Trouble::AnswerLost, 1);
    let won = troubled.table.claim(&mine).await.unwrap();
    assert!(matches!(won, Claim::Won), "{won:?}");
    let theirs = Exchange {
        owner: shared::domain::OwnerToken::stored("another owner"),
        ..mine.clone()
    };
    troubled.meet(Trouble::AnswerLost, 1);
    troubled.table.take_over(&mine, &theirs).await.unwrap();
    troubled.meet(Trouble::AnswerLost, 1);
    let next = ExchangeStep::Compensating;
    troubled.table.advance(&theirs, next).await.unwrap();
    assert!(troubled.all_met());
    let stored = troubled.table.exchange(&mine.key).await.unwrap();
    assert_eq!(stored, Some(samples::at_step(&theirs, next)));
}

#[tokio::test]
async fn a_write_that_meets_a_transaction_waits_for_its_end() {
    let troubled = TroubledTable::start().await;
    let (mine, item) = troubled.recorded().await;
    troubled.meet(Trouble::Conflict, 2);
    let yielded = troubled.table.yield_lease(&mine, samples::at(1)).await;
    yielded.unwrap();
    troubled.meet(Trouble::Conflict, 4);
    let later = samples::linked(&item);
    let replaced = troubled.table.replace(&later, Alongside::default()).await;
    replaced.unwrap();
    assert!(troubled.all_met());
    assert_eq!(troubled.version().await, 2);
}

#[tokio::test]
async fn a_write_that_meets_one_transaction_after_another_is_given_up() {
    let troubled = TroubledTable::start().await;
    let (_, item) = troubled.recorded().await;
    troubled.meet(Trouble::Conflict, 100);
    let later = samples::linked(&item);
    let given_up = troubled.table.replace(&later, Alongside::default()).await;
    let given_up = given_up.unwrap_err();
    assert!(matches!(given_up, StoreError::Unavailable(_)), "{given_up}");
    assert!(!troubled.all_met(), "it was given up");
    assert_eq!(troubled.version().await, 1);
}
