//! The controls: the oracle, the truth about Items, Link without a browser.

use serde_json::{Value, json};

use crate::support::{Receiver, SECRET, Sandbox};

#[tokio::test]
async fn list_of_items_tells_much_and_no_token() {
    let sandbox = Sandbox::start().await;
    let plaid = &sandbox.plaid;
    let linked = plaid.link("ins_56", json!({})).await;
    let body = json!({
        "access_token": linked.access_token,
        "account_id": plaid.account(&linked, "checking").await,
        "processor": "astra",
    });
    plaid
        .call("/processor/token/create", body.clone())
        .await
        .ok();
    plaid.call("/processor/token/create", body).await.ok();
    let answer = plaid.control("GET", "/items", Value::Null).await;
    assert_eq!(answer["items"][0]["item_id"], linked.item_id);
    assert_eq!(answer["items"][0]["institution_id"], "ins_56");
    assert_eq!(answer["items"][0]["processor_tokens"], 2);
    assert!(!answer.to_string().contains("access-sandbox-"));
    assert!(!answer.to_string().contains("processor-sandbox-"));
}

#[tokio::test]
async fn log_of_requests_has_order_and_results_but_no_secrets() {
    let sandbox = Sandbox::start().await;
    let plaid = &sandbox.plaid;
    let linked = plaid.link("ins_109508", json!({})).await;
    plaid
        .call("/item/get", json!({"access_token": "nonsense"}))
        .await;
    let log = plaid.control("GET", "/requests", Value::Null).await;
    let calls: Vec<(&str, u64)> = log["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| {
            (
                call["endpoint"].as_str().unwrap(),
                call["status"].as_u64().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("/sandbox/public_token/create", 200),
        ("/item/public_token/exchange", 200),
        ("/item/get", 400),
    ];
    assert_eq!(calls, expected);
    assert_eq!(log["requests"][2]["error_code"], "INVALID_ACCESS_TOKEN");
    assert_eq!(log["counts"]["/item/get"], 1);
    assert!(!log.to_string().contains(&linked.access_token));
    assert!(!log.to_string().contains(SECRET));
    plaid.control("DELETE", "/requests", Value::Null).await;
    let log = plaid.control("GET", "/requests", Value::Null).await;
    assert_eq!(log["requests"], json!([]));
}

#[tokio::test]
async fn truth_about_an_item_can_be_changed_and_told() {
    let (sandbox, receiver) = (Sandbox::start().await, Receiver::start().await);
    let plaid = &sandbox.plaid;
    let linked = plaid
        .link("ins_109508", json!({"webhook": receiver.url}))
        .await;
    let path = format!("/items/{}", linked.item_id);
    let token = json!({"access_token": linked.access_token});
    let error = json!({"error": {"error_code": "ITEM_LOCKED"}, "fire_webhook": true});
    plaid.control("POST", &path, error).await;
    assert_eq!(
        receiver.wait_for(1).await.json()["error"]["error_code"],
        "ITEM_LOCKED"
    );
    assert_eq!(
        plaid.call("/auth/get", token.clone()).await.code(),
        "ITEM_LOCKED"
    );
    plaid
        .control("POST", &path, json!({"error": null, "fire_webhook": true}))
        .await;
    assert_eq!(
        receiver.wait_for(2).await.json()["webhook_code"],
        "LOGIN_REPAIRED"
    );
    plaid.call("/auth/get", token.clone()).await.ok();
    plaid
        .control("POST", &path, json!({"revoke": true, "fire_webhook": true}))
        .await;
    assert_eq!(
        receiver.wait_for(3).await.json()["webhook_code"],
        "USER_PERMISSION_REVOKED"
    );
    assert_eq!(
        plaid.call("/accounts/get", token).await.code(),
        "USER_PERMISSION_REVOKED"
    );
    assert_eq!(
        plaid.live_items().await,
        [linked.item_id],
        "revoked is not removed"
    );
}

#[tokio::test]
async fn accounts_can_be_added_changed_and_taken_away() {
    let (sandbox, receiver) = (Sandbox::start().await, Receiver::start().await);
    let plaid = &sandbox.plaid;
    let options = json!({"override_username": "user_single", "webhook": receiver.url});
    let linked = plaid.link("ins_109508", options).await;
    let path = format!("/items/{}/accounts", linked.item_id);
    let new = json!({"name": "Second", "mask": "7777", "fire_webhook": true});
    let added = plaid.control("POST", &path, new).await;
    assert_eq!(
        receiver.wait_for(1).await.json()["webhook_code"],
        "NEW_ACCOUNTS_AVAILABLE"
    );
    let numbers = || async {
        let body = json!({"access_token": linked.access_token});
        plaid.call("/auth/get", body).await.ok()["numbers"]["ach"].clone()
    };
    assert_eq!(numbers().await[1]["account"], "1111222233337777");
    let one = format!("{path}/{}", added["account_id"].as_str().unwrap());
    let change = json!({"name": "Renamed", "renumber": true, "fire_webhook": true});
    plaid.control("POST", &one, change).await;
    assert_ne!(numbers().await[1]["account"], "1111222233337777");
    assert_eq!(plaid.accounts(&linked).await[1]["name"], "Renamed");
    let webhook = receiver.wait_for(2).await.json();
    assert_eq!(webhook["webhook_code"], "DEFAULT_UPDATE");
    let changed = webhook["account_ids_with_updated_auth"]
        .as_object()
        .unwrap();
    assert_eq!(
        changed.keys().collect::<Vec<_>>(),
        [added["account_id"].as_str().unwrap()]
    );
    plaid
        .control("DELETE", &one, json!({"fire_webhook": true}))
        .await;
    assert_eq!(
        receiver.wait_for(3).await.json()["webhook_code"],
        "USER_ACCOUNT_REVOKED"
    );
    assert_eq!(plaid.accounts(&linked).await.len(), 1);
}

#[tokio::test]
async fn hosted_link_session_is_told_and_kept() {
    let (sandbox, receiver) = (Sandbox::start().await, Receiver::start().await);
    let plaid = &sandbox.plaid;
    let body = json!({
        "client_name": "Tests",
        "country_codes": ["US"],
        "hosted_link": {},
        "language": "en",
        "products": ["auth"],
        "user": {"client_user_id": "u1"},
        "webhook": receiver.url,
    });
    let link = plaid.call("/link/token/create", body).await.ok();
    assert!(
        link["hosted_link_url"]
            .as_str()
            .unwrap()
            .starts_with(&plaid.base)
    );
    let finish = json!({"link_token": link["link_token"], "institution_id": "ins_13"});
    let session = plaid.control("POST", "/link-sessions", finish).await;
    let mut told = [
        receiver.wait_for(1).await.json(),
        receiver.wait_for(2).await.json(),
    ];
    // They are sent at the same time, and may come in any order.
    told.sort_by_key(|webhook| webhook["webhook_code"].to_string());
    assert_eq!(told[0]["webhook_code"], "ITEM_ADD_RESULT");
    assert_eq!(told[1]["webhook_code"], "SESSION_FINISHED");
    assert_eq!(told[1]["public_tokens"], json!([session["public_token"]]));
    let body = json!({"link_token": link["link_token"]});
    let kept = plaid.call("/link/token/get", body).await.ok();
    let added = &kept["link_sessions"][0]["results"]["item_add_results"][0];
    assert_eq!(added["public_token"], session["public_token"]);
    assert_eq!(added["institution"]["institution_id"], "ins_13");
    let body = json!({"public_token": session["public_token"]});
    plaid.call("/item/public_token/exchange", body).await.ok();
}

#[tokio::test]
async fn update_mode_heals_the_item_and_keeps_its_access_token() {
    let sandbox = Sandbox::start().await;
    let plaid = &sandbox.plaid;
    let linked = plaid.link("ins_109508", json!({})).await;
    let token = json!({"access_token": linked.access_token});
    plaid
        .call("/sandbox/item/reset_login", token.clone())
        .await
        .ok();
    let body = json!({
        "access_token": linked.access_token,
        "client_name": "Tests",
        "country_codes": ["US"],
        "language": "en",
        "user": {"client_user_id": "u1"},
    });
    let mut with_products = body.clone();
    with_products["products"] = json!(["auth"]);
    let refused = plaid.call("/link/token/create", with_products).await;
    assert_eq!(refused.code(), "INVALID_FIELD");
    let link = plaid.call("/link/token/create", body).await.ok();
    let finish = json!({"link_token": link["link_token"]});
    let session = plaid.control("POST", "/link-sessions", finish).await;
    assert!(session["public_token"].is_null());
    plaid.call("/auth/get", token).await.ok();
    assert_eq!(plaid.live_items().await.len(), 1);
}

#[tokio::test]
async fn setting_that_does_not_exist_changes_nothing() {
    let sandbox = Sandbox::start().await;
    let plaid = &sandbox.plaid;
    let before = plaid.control("GET", "/settings", Value::Null).await;
    for settings in [json!({"latency": 1}), json!({"second_exchange": "maybe"})] {
        assert_eq!(
            plaid
                .try_control("POST", "/settings", settings)
                .await
                .status,
            400
        );
    }
    assert_eq!(plaid.control("GET", "/settings", Value::Null).await, before);
}

#[tokio::test]
async fn same_processor_token_comes_again_if_the_setting_says_so() {
    let sandbox = Sandbox::start().await;
    let plaid = &sandbox.plaid;
    let linked = plaid.link("ins_109508", json!({})).await;
    let body = json!({
        "access_token": linked.access_token,
        "account_id": plaid.account(&linked, "checking").await,
        "processor": "astra",
    });
    let mut tokens = Vec::new();
    for repeat in ["new", "new", "same"] {
        plaid
            .control(
                "POST",
                "/settings",
                json!({"processor_token_repeat": repeat}),
            )
            .await;
        let answer = plaid
            .call("/processor/token/create", body.clone())
            .await
            .ok();
        tokens.push(answer["processor_token"].clone());
    }
    assert_ne!(tokens[0], tokens[1]);
    assert!(tokens[..2].contains(&tokens[2]));
}

#[tokio::test]
async fn two_secrets_are_active_while_one_is_rotated() {
    let sandbox = Sandbox::start().await;
    let plaid = &sandbox.plaid;
    let accepted = async |secret: &str| {
        let body = json!({"secret": secret, "institution_id": "ins_109508",
            "initial_products": ["auth"]});
        let answer = plaid.call("/sandbox/public_token/create", body).await;
        answer.status == 200 || {
            assert_eq!(answer.code(), "INVALID_API_KEYS");
            false
        }
    };
    for (active, old, new) in [
        (json!([SECRET]), true, false),
        (json!([SECRET, "new-secret"]), true, true),
        (json!(["new-secret"]), false, true),
    ] {
        let body = json!({ "secrets": active });
        plaid.control("POST", "/secrets", body.clone()).await;
        assert_eq!(plaid.control("GET", "/secrets", Value::Null).await, body);
        assert_eq!(
            (accepted(SECRET).await, accepted("new-secret").await),
            (old, new)
        );
    }
}

#[tokio::test]
async fn no_secret_and_three_secrets_are_refused() {
    let sandbox = Sandbox::start().await;
    let plaid = &sandbox.plaid;
    for secrets in [json!([]), json!([""]), json!(["a", "b", "c"]), json!(null)] {
        let body = json!({ "secrets": secrets });
        let answer = plaid.try_control("POST", "/secrets", body).await;
        assert_eq!(answer.status, 400, "{secrets}");
    }
    let active = plaid.control("GET", "/secrets", Value::Null).await;
    assert_eq!(active["secrets"], json!([SECRET]));
}
