//! What survives the end of the process, gentle or not.

use std::ffi::OsStr;
use std::path::Path;

use plaid_sandbox::{Options, Simulator};
use sandbox_kit::test_util::Program;
use serde_json::{Value, json};

use crate::support::{Plaid, Receiver, Sandbox};

const PROGRAM: &str = env!("CARGO_BIN_EXE_plaid-sandbox");

fn start(state_file: &Path) -> (Program, Plaid) {
    let arguments = [
        OsStr::new("--port=0"),
        "--state-file".as_ref(),
        state_file.as_ref(),
    ];
    let program = Program::start(PROGRAM, arguments);
    let plaid = Plaid::at(program.base());
    (program, plaid)
}

#[tokio::test]
async fn everything_acknowledged_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let state_file = folder.path().join("state");
    let (mut program, plaid) = start(&state_file);
    let linked = plaid.link("ins_109508", json!({})).await;
    let removed = plaid.link("ins_109508", json!({})).await;
    plaid
        .call(
            "/item/remove",
            json!({"access_token": removed.access_token}),
        )
        .await
        .ok();
    let pending = plaid.public_token("ins_56", json!({})).await;
    let body = json!({
        "access_token": linked.access_token,
        "account_id": plaid.account(&linked, "checking").await,
        "processor": "astra",
    });
    let processor = plaid.call("/processor/token/create", body).await.ok();
    let rotated = plaid
        .control("POST", "/webhooks/rotate-key", json!({}))
        .await;
    plaid
        .control("POST", "/settings", json!({"second_exchange": "same_item"}))
        .await;
    let fault = json!({"endpoint": "/item/get", "kind": "lose_answer"});
    plaid.control("POST", "/faults", fault).await;
    program.kill();

    let (_program, plaid) = start(&state_file);
    assert_eq!(plaid.live_items().await, [linked.item_id]);
    let gone = json!({"access_token": removed.access_token});
    assert_eq!(
        plaid.call("/accounts/get", gone).await.code(),
        "ITEM_NOT_FOUND"
    );
    plaid
        .call(
            "/item/public_token/exchange",
            json!({"public_token": pending}),
        )
        .await
        .ok();
    let body = json!({"processor_token": processor["processor_token"]});
    plaid.call("/processor/auth/get", body).await.ok();
    let body = json!({"key_id": rotated["kid"]});
    plaid.call("/webhook_verification_key/get", body).await.ok();
    let settings = plaid.control("GET", "/settings", Value::Null).await;
    assert_eq!(settings["second_exchange"], "same_item");
    let faults = plaid.control("GET", "/faults", Value::Null).await;
    assert_eq!(faults["faults"][0]["endpoint"], "/item/get");
}

#[tokio::test]
async fn webhook_that_waits_for_a_retry_is_sent_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let state_file = folder.path().join("state");
    let receiver = Receiver::start().await;
    receiver.answer_with(500, None);
    let (mut program, plaid) = start(&state_file);
    let body = json!({"url": receiver.url, "body": {"webhook_type": "T"}});
    plaid.control("POST", "/webhooks/send", body).await;
    let tried = |webhook: &Value| !webhook["attempts"].as_array().unwrap().is_empty();
    plaid.webhook_that(tried).await;
    program.kill();

    receiver.answer_with(200, None);
    let (_program, plaid) = start(&state_file);
    plaid
        .control("POST", "/clock", json!({"advance_seconds": 31}))
        .await;
    receiver.wait_for(2).await;
    plaid
        .webhook_that(|webhook| webhook["state"] == "delivered")
        .await;
}

#[tokio::test]
async fn active_secrets_are_those_of_the_start_again() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options {
        state_file: Some(folder.path().join("state")),
        ..Options::default()
    };
    let before = Sandbox::with(options()).await;
    let rotated = json!({"secrets": ["rotated"]});
    before.plaid.control("POST", "/secrets", rotated).await;
    drop(before);
    let after = Sandbox::with(options()).await;
    after.plaid.public_token("ins_109508", json!({})).await;
}

#[tokio::test]
async fn moved_clock_stays_moved() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options {
        state_file: Some(folder.path().join("state")),
        ..Options::default()
    };
    let sandbox = Sandbox::with(options()).await;
    sandbox
        .plaid
        .control("POST", "/clock", json!({"advance_seconds": 1_000_000}))
        .await;
    let before = sandbox.simulator.clock().now();
    drop(sandbox);
    let sandbox = Sandbox::with(options()).await;
    assert!(sandbox.simulator.clock().now() >= before);
}

#[tokio::test]
async fn state_file_of_something_else_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "buy milk\n").unwrap();
    let options = Options {
        state_file: Some(path.clone()),
        ..Options::default()
    };
    assert!(Simulator::open(options).await.is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "buy milk\n");
}

#[tokio::test]
async fn program_says_so_when_its_port_is_taken() {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let message = Program::start(PROGRAM, ["--port", &port]).refusal();
    assert!(
        message.contains(&format!("port {port} is taken")),
        "{message}"
    );
}
