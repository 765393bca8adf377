//! The table keeps every promise of a store, over DynamoDB's own protocol; and what only a
//! network can do to it.

#![cfg(test)]

use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::ops::Deref;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use local::aws::dynamodb::DynamoDb;
use local::template::{self, Document, ResourceNames, Scope, TEMPLATE};
use serde_json::{Value, json};
use shared::aws::sdk_config;
use shared::domain::{
    Change, Exchange, ExchangeKey, ExchangeStep, InboxEnd, Item, OwnerToken, RecordKey,
};
use shared::ports::{
    Alongside, AstraConnections, AstraLeases, Changes, Claim, Erasures, ExchangeRecords, Inbox,
    InboxRecords, ItemChanges, ItemOwners, ItemRecords, Lease, LinkOwners, LinkReports,
    LinkSessions, Outbox, PendingAuthorizations, StoreError, UpdateSessions,
};
use shared::settings::{Environment, Reader};
use shared::store::Table;
use shared::test_util::store_contract::samples;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// A DynamoDB with the template's table, which ends with it. No function reads its stream.
struct Database {
    url: String,
    table_name: String,
    _server: JoinSet<()>,
}

impl Database {
    async fn start() -> Self {
        let template = Document::parse(TEMPLATE).unwrap();
        let mut scope = Scope::new(&template, &BTreeMap::new());
        for key in template.resources_of_type("AWS::KMS::Key") {
            scope.insert(key, ResourceNames::new(key).with("Arn", key));
        }
        let tables = template::Table::read_all(&template, &scope).unwrap();
        let [table] = tables.as_slice() else {
            panic!("one table, not {}", tables.len());
        };
        let database = DynamoDb::open(None).unwrap();
        database.ensure(table).unwrap();
        let (listener, url) = listen().await;
        let mut server = JoinSet::new();
        server.spawn(async move { database.serve(listener, pending()).await.unwrap() });
        Self {
            url,
            table_name: table.name.clone(),
            _server: server,
        }
    }

    /// The table, by way of this URL.
    fn table(&self, url: &str) -> Table {
        let variables = [
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_ENDPOINT_URL_DYNAMODB", url),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let environment: Environment = variables.into_iter().collect();
        let aws = Reader::read(&environment, Reader::aws).unwrap();
        Table::new(&sdk_config(&aws).unwrap(), &aws, &self.table_name)
    }
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

struct FreshTable {
    table: Table,
    database: Database,
}

impl Deref for FreshTable {
    type Target = Table;

    fn deref(&self) -> &Table {
        &self.table
    }
}

async fn fresh() -> FreshTable {
    let database = Database::start().await;
    let table = database.table(&database.url);
    FreshTable { table, database }
}

shared::store_contract!(crate::fresh);

impl FreshTable {
    /// Deletes a record past the store.
    async fn lose(&self, key: &RecordKey) {
        self.ask("DeleteItem", key).await;
    }

    /// A record as it is stored.
    async fn row(&self, key: &RecordKey) -> Value {
        self.ask("GetItem", key).await["Item"].clone()
    }

    async fn ask(&self, operation: &str, key: &RecordKey) -> Value {
        let body = json!({
            "TableName": self.database.table_name,
            "Key": { "pk": { "S": key.pk }, "sk": { "S": key.sk } },
        });
        let request = local::functions::remote::client()
            .unwrap()
            .post(&self.database.url)
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("content-type", "application/x-amz-json-1.0")
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=test/20261122/us-east-1/dynamodb/aws4_request, \
                 SignedHeaders=host;x-amz-date, Signature=0",
            )
            .header("x-amz-date", "20261122T000000Z")
            .body(body.to_string());
        let answer = request.send().await.unwrap();
        let (status, body) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }
}

#[tokio::test]
async fn a_lost_pointer_neither_frees_an_item_nor_keeps_it_from_being_removed() {
    let table = fresh().await;
    let item = samples::plain_item();
    let pointer = RecordKey::item_owner(&item.item_id);
    for (key, added) in [("e1", "1"), ("e2", "2")] {
        let exchange = Exchange {
            key: ExchangeKey::stored(key),
            ..samples::exchange()
        };
        table.claim(&exchange).await.unwrap();
        let added = samples::change(added, &item);
        let recorded = table.record_item(&exchange, &item, &added).await;
        match key {
            "e1" => recorded.unwrap(),
            _ => assert!(
                matches!(recorded, Err(StoreError::Conflict)),
                "{recorded:?}"
            ),
        }
        table.lose(&pointer).await;
        assert_eq!(table.owner(&item.item_id).await.unwrap(), None);
    }
    let removed = samples::next(&item.removed());
    let replaced = table.replace(&removed, Alongside::default()).await;
    replaced.unwrap();
    let owner = table.owner(&item.item_id).await.unwrap();
    assert_eq!(owner, Some(item.user_id));
}

#[tokio::test]
async fn what_is_done_shows_no_sign_of_being_due() {
    let table = fresh().await;
    let webhook = samples::webhook();
    table.keep(&webhook).await.unwrap();
    table.end(&webhook, InboxEnd::Unclaimed).await.unwrap();
    let change = Change::erased(&samples::user(), samples::at(1));
    let wished = table.wish_erasure(&samples::user(), samples::at(0)).await;
    wished.unwrap();
    table.confirm_erasure(&change).await.unwrap();
    table.published(&change).await.unwrap();
    let session = samples::hosted_session(1);
    table.record_session(&session).await.unwrap();
    let results = samples::full_results();
    let recorded = table.record_results(&session.user_id, &session.link_id, &results);
    recorded.await.unwrap();
    let webhook = RecordKey::inbox(&webhook);
    for key in [
        &webhook,
        &RecordKey::change(&change.user_id, &change.change_id),
        &RecordKey::link_session(&session.user_id, &session.link_id),
    ] {
        let row = table.row(key).await;
        assert_eq!(row["pk"]["S"], key.pk);
        let signs = (row.get("due"), row.get("due_at"));
        assert_eq!(signs, (None, None), "{key:?}");
    }
    let ended = table.row(&webhook).await;
    assert_eq!(ended["outcome"]["S"], "unclaimed");
}

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
    reads: Reads,
    _database: Database,
    _network: JoinSet<()>,
}

type Troubles = Arc<Mutex<VecDeque<Trouble>>>;
/// What was asked of DynamoDB.
type Reads = Arc<Mutex<Vec<Value>>>;

#[derive(Clone)]
struct Network {
    dynamodb: String,
    client: reqwest::Client,
    troubles: Troubles,
    reads: Reads,
}

impl TroubledTable {
    async fn start() -> Self {
        let database = Database::start().await;
        let network = Network {
            dynamodb: database.url.clone(),
            client: local::functions::remote::client().unwrap(),
            troubles: Troubles::default(),
            reads: Reads::default(),
        };
        let (troubles, reads) = (network.troubles.clone(), network.reads.clone());
        let router = Router::new().fallback(pass_on).with_state(network);
        let (url, server) = serve(router).await;
        Self {
            table: database.table(&url),
            troubles,
            reads,
            _database: database,
            _network: server,
        }
    }

    /// The next writes meet this, one each.
    fn meet(&self, trouble: Trouble, times: usize) {
        let mut troubles = self.troubles.lock().unwrap();
        troubles.extend(std::iter::repeat_n(trouble, times));
    }

    fn recover(&self) {
        self.troubles.lock().unwrap().clear();
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

async fn serve(router: Router) -> (String, JoinSet<()>) {
    let (listener, url) = listen().await;
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, server)
}

async fn pass_on(State(network): State<Network>, headers: HeaderMap, body: Bytes) -> Response {
    let operation = headers.get("x-amz-target").unwrap().to_str().unwrap();
    let reads = operation.ends_with("GetItem") || operation.ends_with("Query");
    let trouble = if reads {
        let asked = serde_json::from_slice(&body).unwrap();
        network.reads.lock().unwrap().push(asked);
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
    troubled.meet(Trouble::AnswerLost, 1);
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
    troubled.meet(Trouble::AnswerLost, 100);
    let unknown = finish().await.unwrap_err();
    assert!(matches!(unknown, StoreError::Unavailable(_)), "{unknown}");
    troubled.recover();
    assert_eq!((troubled.version().await, troubled.changes().await), (2, 2));
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
        owner: OwnerToken::stored("another owner"),
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
async fn writes_of_a_connection_whose_answers_are_lost_count_once() {
    let troubled = TroubledTable::start().await;
    let table = &troubled.table;
    let (first, made) = (samples::astra_connection(), samples::connection_change("1"));
    troubled.meet(Trouble::AnswerLost, 1);
    let written = table.put_astra_connection(&first, Some(&made)).await;
    written.unwrap();
    let owner = OwnerToken::stored("owner");
    for _ in 0..2 {
        troubled.meet(Trouble::AnswerLost, 1);
        let (now, until) = (samples::at(0), samples::at(30));
        let taken = table.take_astra_lease(&first.user_id, &owner, now, until);
        assert_eq!(taken.await.unwrap(), Lease::Taken);
        troubled.meet(Trouble::AnswerLost, 1);
        let returned = table.return_astra_lease(&first.user_id, &owner).await;
        returned.unwrap();
    }
    let second = samples::renewed(&first);
    troubled.meet(Trouble::AnswerLost, 1);
    table.put_astra_connection(&second, None).await.unwrap();
    let stored = table.astra_connection(&first.user_id).await.unwrap();
    assert_eq!(stored.as_ref(), Some(&second));
    troubled.meet(Trouble::AnswerLost, 1);
    let ended = samples::connection_change("2");
    let deleted = table.delete_astra_connection(&second, &ended).await;
    deleted.unwrap();
    assert!(troubled.all_met());
    let stored = table.astra_connection(&first.user_id).await.unwrap();
    assert_eq!((stored, troubled.changes().await), (None, 2));
}

/// Better that the user has to go to Astra again than that two come back.
#[tokio::test]
async fn an_authorization_whose_use_is_not_answered_is_used_up() {
    let troubled = TroubledTable::start().await;
    let sent = samples::astra_authorization();
    let table = &troubled.table;
    table.keep_authorization(&sent).await.unwrap();
    for trouble in [1, 0] {
        troubled.meet(Trouble::AnswerLost, trouble);
        let (state_hash, user_id) = (&sent.state_hash, &sent.user_id);
        let used = table.use_authorization(state_hash, user_id, samples::at(1));
        assert!(!used.await.unwrap());
    }
    assert!(troubled.all_met());
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

#[tokio::test]
async fn ends_whose_answers_are_lost_count_once() {
    let troubled = TroubledTable::start().await;
    let (_, item) = troubled.recorded().await;
    let (webhook, session) = (samples::webhook(), samples::hosted_session(1));
    let (user_id, results) = (samples::user(), samples::full_results());
    let change = samples::change("recorded", &item);
    let table = &troubled.table;
    table.keep(&webhook).await.unwrap();
    table.record_session(&session).await.unwrap();
    troubled.meet(Trouble::AnswerLost, 1);
    table.end(&webhook, InboxEnd::Applied).await.unwrap();
    troubled.meet(Trouble::AnswerLost, 1);
    table.published(&change).await.unwrap();
    troubled.meet(Trouble::AnswerLost, 1);
    let recorded = table.record_results(&user_id, &session.link_id, &results);
    recorded.await.unwrap();
    assert!(troubled.all_met());
    let stored = table.session(&user_id, &session.link_id).await.unwrap();
    assert_eq!(stored.unwrap().results, Some(results));
}

#[tokio::test]
async fn reads_are_consistent_where_a_port_promises_it() {
    let troubled = TroubledTable::start().await;
    let table = &troubled.table;
    let (user_id, item) = (samples::user(), samples::plain_item());
    let inbox = RecordKey::inbox(&samples::webhook()).pk;
    let link_token = samples::new_session(1).link_token_hash;
    table.exchange(&item.exchange).await.unwrap();
    table.item(&user_id, &item.item_id).await.unwrap();
    table.items(&user_id, None, 10).await.unwrap();
    table.owner(&item.item_id).await.unwrap();
    let sessions = table.open_update_sessions(&user_id, &item.item_id).await;
    sessions.unwrap();
    table.link_owner(&link_token).await.unwrap();
    table.waiting(&inbox, 10).await.unwrap();
    table.astra_connection(&user_id).await.unwrap();
    let reads = troubled.reads.lock().unwrap();
    assert_eq!(reads.len(), 8);
    for read in reads.iter() {
        assert_eq!(read["ConsistentRead"], true, "{read}");
    }
}

/// A page with nothing on it, and more to come.
async fn empty_page(State(pages): State<Arc<Mutex<u32>>>, body: Bytes) -> Response {
    *pages.lock().unwrap() += 1;
    let query: Value = serde_json::from_slice(&body).unwrap();
    let pk = &query["ExpressionAttributeValues"][":pk"];
    let page = json!({
        "Items": [],
        "Count": 0,
        "ScannedCount": query["Limit"],
        "LastEvaluatedKey": { "pk": pk, "sk": { "S": "0000000000#" } },
    });
    page.to_string().into_response()
}

#[tokio::test]
async fn a_subject_whose_webhooks_have_no_end_is_given_up() {
    let database = Database::start().await;
    let pages = Arc::new(Mutex::new(0));
    let router = Router::new().fallback(empty_page).with_state(pages.clone());
    let (url, _server) = serve(router).await;
    let table = database.table(&url);
    let given_up = table.waiting("INBOX#item", 10).await.unwrap_err();
    assert!(matches!(given_up, StoreError::Unavailable(_)), "{given_up}");
    assert_eq!(*pages.lock().unwrap(), 100);
}
