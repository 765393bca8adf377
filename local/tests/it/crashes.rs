//! kill -9 in the middle of an exchange, at every step and with both ways on: the client
//! asks again, or nobody does and the reconciler finds it.

use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::support::{Running, aws, client, login};

/// Where the program dies: while Plaid has done this call and has not answered it.
#[derive(Debug)]
struct Place {
    endpoint: &'static str,
    /// The step that is recorded by then.
    step: &'static str,
    /// How many processor tokens Plaid has made by then.
    processor_tokens: u32,
}

const EXCHANGE: &str = "/item/public_token/exchange";

const UNRECORDED: Place = Place {
    endpoint: EXCHANGE,
    step: "claimed",
    processor_tokens: 0,
};
const RECORDED: Place = Place {
    endpoint: "/accounts/get",
    step: "exchanged",
    processor_tokens: 0,
};
const TOKEN_MADE: Place = Place {
    endpoint: "/processor/token/create",
    step: "exchanged",
    processor_tokens: 1,
};

#[derive(Debug, Clone, Copy)]
enum End {
    /// The Item is recorded, and the processor has its token.
    Linked,
    /// Plaid has an Item that nobody can reach any more, and the user is told to link again.
    Lost,
}
use End::{Linked, Lost};

/// Where it dies, what Plaid says to a second exchange of the token, and how it ends.
const CASES: [(Place, &str, End); 6] = [
    (UNRECORDED, "refuse", Lost),
    (UNRECORDED, "same_item", Linked),
    (RECORDED, "refuse", Linked),
    (RECORDED, "same_item", Linked),
    (TOKEN_MADE, "refuse", Linked),
    (TOKEN_MADE, "same_item", Linked),
];

#[tokio::test]
async fn whoever_asks_again_after_a_kill_gets_the_one_item() {
    for case in &CASES {
        let (_folder, program, body) = killed_and_restarted(case).await;
        let early = program.link(&body).await;
        assert_eq!((early.status, early.code()), IN_PROGRESS, "{case:?}");
        assert!(early.retry_after, "{case:?}");
        program.end_the_lease().await;
        let reply = program.link_until_settled(&body).await;
        program.has_ended(case, &body, &reply).await;
    }
}

#[tokio::test]
async fn an_exchange_that_nobody_asks_for_again_is_finished_by_the_reconciler() {
    for case in &CASES {
        let (_folder, program, body) = killed_and_restarted(case).await;
        assert_eq!(program.reconcile().await, report(0), "{case:?}");
        program.end_the_lease().await;
        assert_eq!(program.reconcile().await, report(1), "{case:?}");
        assert_eq!(program.reconcile().await, report(0), "{case:?}");
        let reply = program.link(&body).await;
        program.has_ended(case, &body, &reply).await;
    }
}

const IN_PROGRESS: (StatusCode, Option<&str>) =
    (StatusCode::CONFLICT, Some("exchange_in_progress"));
/// How long a condition may take to come true.
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(10);
/// An answer that comes later than any test ends.
const NEVER_MS: u64 = 600_000;

fn report(done: u32) -> Value {
    json!({ "done": done, "waiting": 0, "failed": 0, "unfinished": false })
}

/// A program that runs again after it was killed, and the request that it died of.
async fn killed_and_restarted(case: &(Place, &str, End)) -> (tempfile::TempDir, Program, Value) {
    let (place, second_exchange, _) = case;
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path()).await;
    program.scripted(place, second_exchange).await;
    let body = program.run_link().await;
    let asking = tokio::spawn(program.linking(&body).send());
    program.wait_for(place).await;
    let before = program.state_of_plaid().await;
    program.running.kill();
    assert!(asking.await.unwrap().is_err(), "{case:?}: nobody answers");

    let program = Program::start(folder.path()).await;
    assert_eq!(program.state_of_plaid().await, before, "{case:?}");
    assert_eq!(program.exchange().await["step"]["S"], place.step);
    (folder, program, body)
}

/// The running program with its data folder, and a user of it.
struct Program {
    running: Running,
    http: Client,
    token: String,
    plaid: String,
    dynamodb: String,
    table: String,
}

/// An answer of the API.
#[derive(Debug)]
struct Reply {
    status: StatusCode,
    retry_after: bool,
    text: String,
    json: Value,
}

impl Reply {
    fn code(&self) -> Option<&str> {
        self.json["code"].as_str()
    }
}

impl Program {
    async fn start(folder: &Path) -> Self {
        let running = Running::start(&["--data-dir", folder.to_str().unwrap()]);
        let variable = |name| Running::variable(folder, name);
        let http = client();
        Self {
            token: login(&http, &running.url, &json!({ "user_id": "alice" })).await,
            plaid: variable("PLAID_BASE_URL"),
            dynamodb: variable("AWS_ENDPOINT_URL_DYNAMODB"),
            table: variable("TABLE_NAME"),
            running,
            http,
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.running.url);
        self.http.request(method, url).bearer_auth(&self.token)
    }

    fn linking(&self, body: &Value) -> RequestBuilder {
        self.request(Method::POST, "/v1/items").json(body)
    }

    async fn link(&self, body: &Value) -> Reply {
        let response = self.linking(body).send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        Reply {
            status,
            retry_after: headers.contains_key("retry-after"),
            json: serde_json::from_str(&text).unwrap(),
            text,
        }
    }

    async fn link_until_settled(&self, body: &Value) -> Reply {
        let begun = Instant::now();
        loop {
            let reply = self.link(body).await;
            if reply.code() != IN_PROGRESS.1 {
                return reply;
            }
            assert!(begun.elapsed() < PATIENCE, "still in progress");
            tokio::time::sleep(POLL).await;
        }
    }

    /// What the function's schedule does every minute.
    async fn reconcile(&self) -> Value {
        let request = self.request(Method::POST, "/dev/invoke/reconcile-items");
        let response = request.json(&json!({})).send().await.unwrap();
        response.json().await.unwrap()
    }

    async fn items(&self) -> Vec<Value> {
        let request = self.request(Method::GET, "/v1/items");
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        answer["items"].as_array().unwrap().clone()
    }
}

/// What the end must be.
impl Program {
    async fn has_ended(&self, case: &(Place, &str, End), body: &Value, reply: &Reply) {
        let (place, _, end) = case;
        let again = self.link(body).await;
        let answers = [reply, &again].map(|reply| (reply.status, reply.code()));
        assert_eq!(answers[0], answers[1], "{case:?}");
        match end {
            Linked => {
                assert_eq!(again.text, reply.text, "{case:?}");
                self.is_linked(reply).await;
            }
            Lost => self.is_lost(reply).await,
        }
        let exchanges = self.look_at_plaid("requests").await["counts"][EXCHANGE].as_u64();
        let repeated = place.step == UNRECORDED.step;
        assert_eq!(exchanges, repeated.then_some(1), "{case:?}");
    }

    async fn is_linked(&self, reply: &Reply) {
        assert_eq!(reply.status, 201, "{}", reply.text);
        assert_eq!(self.exchange().await["step"]["S"], "finished");
        let item_id = &reply.json["item_id"];
        let live = self.live_items().await;
        assert_eq!((live.len(), &live[0]["item_id"]), (1, item_id));
        let items = self.items().await;
        assert_eq!((items.len(), &items[0]["item_id"]), (1, item_id));
        for item in [&items[0], &reply.json] {
            assert_eq!(item["status"], "active", "{item}");
            assert_eq!(item["accounts"][0]["status"], "ready", "{item}");
        }
    }

    /// The one loss that is documented: Plaid keeps to itself what it has made.
    async fn is_lost(&self, reply: &Reply) {
        let lost = (StatusCode::CONFLICT, Some("exchange_lost"));
        assert_eq!((reply.status, reply.code()), lost);
        assert_eq!(self.exchange().await["step"]["S"], "lost");
        assert_eq!(self.live_items().await.len(), 1);
        assert_eq!(self.items().await, [Value::Null; 0]);
    }
}

/// The simulator.
impl Program {
    async fn ask_plaid(&self, path: &str, body: &Value) -> Value {
        let keys = plaid_sandbox::Options::default();
        let request = self.http.post(format!("{}{path}", self.plaid)).json(body);
        let request = request
            .header("plaid-client-id", keys.client_id)
            .header("plaid-secret", keys.secret);
        let response = request.send().await.unwrap().error_for_status();
        response.unwrap().json().await.unwrap()
    }

    async fn look_at_plaid(&self, what: &str) -> Value {
        let url = format!("{}/simulator/{what}", self.plaid);
        let response = self.http.get(url).send().await.unwrap();
        response.json().await.unwrap()
    }

    async fn scripted(&self, place: &Place, second_exchange: &str) {
        let settings = json!({ "second_exchange": second_exchange });
        self.ask_plaid("/simulator/settings", &settings).await;
        let fault = json!({ "endpoint": place.endpoint, "kind": "delay_ms", "delay_ms": NEVER_MS });
        self.ask_plaid("/simulator/faults", &fault).await;
    }

    /// The body of the request that follows a user's run through Link.
    async fn run_link(&self) -> Value {
        let user = json!({
            "institution_id": "ins_109508",
            "initial_products": ["auth"],
            "options": { "override_username": "user_single" },
        });
        let answer = self.ask_plaid("/sandbox/public_token/create", &user).await;
        json!({ "public_token": answer["public_token"] })
    }

    async fn live_items(&self) -> Vec<Value> {
        let answer = self.look_at_plaid("items").await;
        answer["items"].as_array().unwrap().clone()
    }

    /// What must survive a kill: faults that have struck, settings, and every effect of a
    /// call, answered or not.
    async fn state_of_plaid(&self) -> [Value; 3] {
        let faults = self.look_at_plaid("faults").await;
        let settings = self.look_at_plaid("settings").await;
        [faults, settings, self.look_at_plaid("items").await]
    }

    /// Waits until Plaid has done the call and our table has what comes before it.
    async fn wait_for(&self, place: &Place) {
        let begun = Instant::now();
        loop {
            let [faults, _, items] = self.state_of_plaid().await;
            let exchange = self.exchange().await;
            let struck = faults["faults"] == json!([]);
            let made = items["items"][0]["processor_tokens"] == place.processor_tokens;
            if struck && made && exchange["step"]["S"] == place.step {
                return;
            }
            let late = begun.elapsed() > PATIENCE;
            assert!(!late, "{place:?}: {faults} {items} {exchange}");
            tokio::time::sleep(POLL).await;
        }
    }
}

/// The table, past every function.
impl Program {
    /// The record of the exchange; null before there is one.
    async fn exchange(&self) -> Value {
        let scan = json!({ "TableName": self.table });
        let scan = aws(&self.http, &self.dynamodb, "DynamoDB_20120810.Scan", &scan);
        let rows = scan.await.unwrap()["Items"].clone();
        let mut rows = rows.as_array().unwrap().iter();
        let found = rows.find(|row| row["sk"]["S"] == "EXCHANGE");
        found.cloned().unwrap_or_default()
    }

    /// As if so much time had passed that the killed invocation is over for certain.
    async fn end_the_lease(&self) {
        let mut exchange = self.exchange().await;
        for moment in ["lease_until", "due_at"] {
            assert!(exchange[moment]["N"].is_string(), "{exchange}");
            exchange[moment]["N"] = "0".into();
        }
        let put = json!({ "TableName": self.table, "Item": exchange });
        let put = aws(
            &self.http,
            &self.dynamodb,
            "DynamoDB_20120810.PutItem",
            &put,
        );
        put.await.unwrap();
    }
}
