//! The program: what survives its end, gentle or not, and what it says.

use std::path::Path;

use astra_sandbox::{Options, Simulator};
use sandbox_kit::test_util::Program;
use serde_json::{Value, json};

use crate::support::{Astra, Plaid, Tokens};

const PROGRAM: &str = env!("CARGO_BIN_EXE_astra-sandbox");

fn start(plaid: &Plaid, more: &[&str]) -> (Program, Astra) {
    let arguments = ["--port", "0", "--plaid-url", &plaid.base];
    let program = Program::start(PROGRAM, arguments.iter().chain(more));
    let astra = Astra::at(program.base());
    (program, astra)
}

fn path(folder: &tempfile::TempDir) -> String {
    folder.path().join("state").to_str().unwrap().to_owned()
}

/// What a program says that must not start.
#[track_caller]
fn refusal(arguments: &[&str]) -> String {
    Program::start(PROGRAM, arguments).refusal()
}

#[tokio::test]
async fn everything_acknowledged_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let state_file = path(&folder);
    let plaid = Plaid::start().await;
    let (mut program, astra) = start(&plaid, &["--state-file", &state_file]);
    let tokens = astra.connect("ada@example.com").await;
    let code = astra.authorize("bob@example.com").await;
    let kept = plaid.link("ins_109508", "checking").await;
    let kept = astra.hand_over(&kept.processor_token, &tokens.access);
    let kept = kept.await.ok()["id"].as_str().unwrap().to_owned();
    let removed = plaid.link("ins_109508", "savings").await;
    let removed = astra.hand_over(&removed.processor_token, &tokens.access);
    let removed = removed.await.ok()["id"].as_str().unwrap().to_owned();
    astra.delete(&removed, &tokens.access).await.ok();
    astra.set(json!({"code_seconds": 4000})).await;
    let fault = json!({"endpoint": "GET /v1/user", "call": 2, "kind": "lose_answer"});
    astra.control("POST", "/faults", fault).await;
    astra.later(100).await;
    program.kill();

    let (_program, astra) = start(&plaid, &["--state-file", &state_file]);
    assert_eq!(astra.account_ids(&tokens.access).await, [kept]);
    Tokens::of(&astra.redeem(&code).await.ok());
    astra.get("/v1/user", &tokens.access).await.ok();
    let lost = astra.user_request("GET".parse().unwrap(), "/v1/user", &tokens.access);
    assert!(lost.send().await.is_err(), "the fault is still armed");
    let settings = astra.control("GET", "/settings", Value::Null).await;
    assert_eq!(settings["code_seconds"], 4000);
    let user = astra.get("/v1/user", &tokens.access).await.ok();
    let user = format!("/users/{}", user["id"].as_str().unwrap());
    let user = astra.control("GET", &user, Value::Null).await;
    let expires_at = user["access_token"]["expires_at"].as_str().unwrap();
    let expires_at: jiff::Timestamp = expires_at.parse().unwrap();
    let left = expires_at.duration_since(jiff::Timestamp::now()).as_secs();
    assert!(left <= 864_000 - 100, "the clock stays moved: {left}");
}

#[tokio::test]
async fn a_state_file_holds_no_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let state_file = path(&folder);
    let plaid = Plaid::start().await;
    let (_program, astra) = start(&plaid, &["--state-file", &state_file]);
    let tokens = astra.connect("ada@example.com").await;
    let code = astra.authorize("ada@example.com").await;
    let linked = plaid.link("ins_109508", "checking").await;
    let made = astra.hand_over(&linked.processor_token, &tokens.access);
    // The code above was not used, so the access token is still the newest.
    made.await.ok();
    let text = std::fs::read_to_string(&state_file).unwrap();
    assert!(text.contains("ada@example.com"));
    for secret in [tokens.access, tokens.refresh, code, linked.processor_token] {
        assert!(!text.contains(&secret));
    }
}

#[tokio::test]
async fn the_log_names_calls_and_no_secrets() {
    let plaid = Plaid::start().await;
    let (mut program, astra) = start(&plaid, &["--verbose"]);
    let address = astra.authorize_url("a-secret-state");
    let form = "email=ada%40example.com&decision=authorize";
    let back = astra.http.post(&address).body(form).send().await.unwrap();
    let location = back.headers()["location"].to_str().unwrap();
    let code = crate::support::parameter(location, "code").unwrap();
    let tokens = Tokens::of(&astra.redeem(&code).await.ok());
    let linked = plaid.link("ins_109508", "checking").await;
    let made = astra.hand_over(&linked.processor_token, &tokens.access);
    let id = made.await.ok()["id"].as_str().unwrap().to_owned();
    astra
        .hand_over("processor-bad", &tokens.access)
        .await
        .refused();
    astra.delete(&id, &tokens.access).await.ok();
    let next = Tokens::of(&astra.refresh(&tokens.refresh).await.ok());
    astra.get("/v1/a-secret-path", &next.access).await.refused();
    let said = program.kill();
    assert!(said.contains("POST /v1/accounts/processor_token"), "{said}");
    assert!(said.contains("DELETE /v1/accounts/{id}"), "{said}");
    let secrets: [&str; 10] = [
        "a-secret",
        "example.com",
        "astra-client-secret",
        "processor-bad",
        &code,
        &tokens.access,
        &tokens.refresh,
        &next.access,
        &next.refresh,
        &linked.processor_token,
    ];
    for secret in secrets {
        assert!(!said.contains(secret), "{secret} is in the log: {said}");
    }
}

#[test]
fn a_state_file_of_something_else_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "buy milk\n").unwrap();
    let options = Options {
        state_file: Some(path.clone()),
        ..Options::default()
    };
    assert!(Simulator::open(options).is_err());
    assert_eq!(read(&path), "buy milk\n");
    let message = refusal(&["--port", "0", "--state-file", path.to_str().unwrap()]);
    assert!(message.contains("is not this program's state"), "{message}");
    assert_eq!(read(&path), "buy milk\n");
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn a_plaid_elsewhere_is_refused() {
    let message = refusal(&["--port", "0", "--plaid-url", "https://sandbox.plaid.com"]);
    assert!(message.contains("must be at http://127.0.0.1"), "{message}");
}

#[test]
fn the_program_says_so_when_its_port_is_taken() {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let message = refusal(&["--port", &port]);
    assert!(
        message.contains(&format!("port {port} is taken")),
        "{message}"
    );
}

#[tokio::test]
async fn options_choose_what_is_accepted_and_how_it_is_answered() {
    let plaid = Plaid::start().await;
    let options = [
        "--client-id",
        "c",
        "--client-secret",
        "s",
        "--wrap-in-array",
    ];
    let (_program, astra) = start(&plaid, &options);
    let refresh = astra.refresh("r").await;
    assert_eq!(refresh.status, 401, "the default credentials are not taken");
    let chosen = astra
        .request(reqwest::Method::POST, crate::support::TOKEN)
        .basic_auth("c", Some("s"))
        .header("content-type", "application/x-www-form-urlencoded");
    let answer = astra.send(chosen).await;
    assert_eq!(answer.refused(), (400, "grant_type is required".to_owned()));
    let settings = astra.control("GET", "/settings", Value::Null).await;
    assert_eq!(settings["wrap_in_array"], true);
}
