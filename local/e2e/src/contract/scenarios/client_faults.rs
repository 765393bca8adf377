//! Every fault at every call of our client.

use plaid_webhook::KeyId;
use serde_json::{Value, json};
use shared::domain::{AccessToken, AccountId, PlaidFailure, PublicToken};
use shared::ports::{
    Accounts as _, ItemRemoval as _, Items as _, LinkTokens as _, ProcessorTokens as _,
    PublicTokens as _, VerificationKeys as _,
};

use super::client::{PATHS, deadline, key_id, link_token_request};
use super::{BANK, USER};
use crate::contract::stage::{FOREIGN_BODY, text};
use crate::contract::{Failure, Linked, OurClient, Stage};

/// What the calls work on.
struct Props {
    public_token: PublicToken,
    access_token: AccessToken,
    account_id: AccountId,
    key_id: KeyId,
}

pub(super) async fn play(client: &OurClient, stage: &Stage) -> Result<(), Failure> {
    for path in PATHS {
        for fault in faults() {
            strike(client, stage, path, fault).await?;
        }
    }
    Ok(())
}

/// Each kind of fault, and the classes of Plaid's errors.
fn faults() -> Vec<Value> {
    let foreign = json!({"kind": "http_status", "status": 502, "body": FOREIGN_BODY});
    let mut after_effect = foreign.clone();
    if let Some(fault) = after_effect.as_object_mut() {
        fault.insert("after_effect".to_owned(), json!(true));
    }
    let codes = [
        "INTERNAL_SERVER_ERROR",
        "PLANNED_MAINTENANCE",
        "RATE_LIMIT",
        "INSTITUTION_NOT_RESPONDING",
    ];
    let errors = codes
        .into_iter()
        .map(|code| json!({"kind": "plaid_error", "error_code": code}));
    let others = [
        json!({"kind": "delay_ms", "delay_ms": 5}),
        json!({"kind": "lose_answer"}),
        json!({"kind": "cut_connection"}),
        json!({
            "kind": "plaid_error", "error_code": "NEXT_YEARS_CODE", "error_type": "API_ERROR",
            "status": 500, "display_message": "For the user.", "after_effect": true,
        }),
        foreign,
        after_effect,
    ];
    errors.chain(others).collect()
}

/// One call with one fault. How it ends is for the tests of the client; here it is enough
/// that the fault struck.
async fn strike(
    client: &OurClient,
    stage: &Stage,
    path: &str,
    mut fault: Value,
) -> Result<(), Failure> {
    let props = props(stage).await?;
    if let Some(fault) = fault.as_object_mut() {
        fault.insert("endpoint".to_owned(), json!(path));
    }
    stage.control("POST", "/faults", &fault).await?;
    let _either_way: Result<(), PlaidFailure> = call(client, path, &props).await;
    let armed = stage.control("GET", "/faults", &Value::Null).await?;
    if armed.get("faults") == Some(&json!([])) {
        return Ok(());
    }
    Err(format!("the fault did not strike: {fault}").into())
}

async fn props(stage: &Stage) -> Result<Props, Failure> {
    let item: Linked = stage.link(BANK, USER).await?;
    let account_id = stage.account(&item, "checking").await?;
    let key = stage
        .control("POST", "/webhooks/rotate-key", &json!({}))
        .await?;
    Ok(Props {
        public_token: PublicToken::new(stage.public_token(BANK, USER).await?),
        access_token: AccessToken::new(item.access_token),
        account_id: AccountId::new(account_id),
        key_id: key_id(&text(&key, "/kid")?)?,
    })
}

async fn call(client: &OurClient, path: &str, props: &Props) -> Result<(), PlaidFailure> {
    let (token, deadline) = (&props.access_token, deadline());
    match path {
        "/accounts/get" => client.accounts(token, deadline).await.map(drop),
        "/item/get" => client.item(token, deadline).await.map(drop),
        "/item/public_token/exchange" => client
            .exchange(&props.public_token, deadline)
            .await
            .map(drop),
        "/item/remove" => client.remove_item(token, deadline).await,
        "/link/token/create" => client
            .create_link_token(&link_token_request(), deadline)
            .await
            .map(drop),
        "/processor/token/create" => {
            let Ok(astra) = "astra".parse() else {
                return Ok(());
            };
            let account_id = &props.account_id;
            client
                .create_processor_token(token, account_id, &astra, deadline)
                .await
                .map(drop)
        }
        "/webhook_verification_key/get" => client
            .verification_key(&props.key_id, deadline)
            .await
            .map(drop),
        // The fault that was armed for it stays, and that is noticed.
        _ => Ok(()),
    }
}
