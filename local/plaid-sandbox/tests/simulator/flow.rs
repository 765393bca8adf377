//! From Link to the processor token, and the errors on the way.

use serde_json::{Value, json};

use crate::support::{CLIENT_ID, SECRET, Sandbox};

fn link_token_request() -> Value {
    json!({
        "client_name": "Tests",
        "country_codes": ["US"],
        "language": "en",
        "products": ["auth"],
        "user": {"client_user_id": "u1"},
    })
}

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

#[tokio::test]
async fn linked_bank_becomes_a_processor_token_that_works() {
    let sandbox = Sandbox::start().await;
    let plaid = &sandbox.plaid;
    let linked = plaid.link("ins_109508", json!({})).await;
    assert!(linked.access_token.starts_with("access-sandbox-"));
    let account_id = plaid.account(&linked, "checking").await;
    let body = json!({
        "access_token": linked.access_token,
        "account_id": account_id,
        "processor": "astra",
    });
    let answer = plaid.call("/processor/token/create", body).await.ok();
    assert_eq!(answer["request_id"].as_str().unwrap().len(), 15);
    let body = json!({"processor_token": answer["processor_token"]});
    let numbers = plaid.call("/processor/auth/get", body).await.ok();
    assert_eq!(numbers["numbers"]["ach"]["account_id"], account_id);
    assert_eq!(numbers["numbers"]["ach"]["account"], "1111222233330000");
}

#[tokio::test]
async fn item_lives_from_exchange_to_removal() {
    let sandbox = Sandbox::start().await;
    let plaid = &sandbox.plaid;
    let public_token = plaid.public_token("ins_109508", json!({})).await;
    assert!(
        plaid.live_items().await.is_empty(),
        "nothing lives before the exchange"
    );
    let body = json!({"public_token": public_token});
    let answer = plaid.call("/item/public_token/exchange", body).await.ok();
    assert_eq!(
        plaid.live_items().await,
        [answer["item_id"].as_str().unwrap()]
    );
    let body = json!({"access_token": answer["access_token"]});
    plaid.call("/item/remove", body.clone()).await.ok();
    assert!(plaid.live_items().await.is_empty());
    assert_eq!(
        plaid.call("/item/remove", body).await.code(),
        "ITEM_NOT_FOUND"
    );
}

#[tokio::test]
async fn processor_token_dies_with_its_item() {
    let sandbox = Sandbox::start().await;
    let plaid = &sandbox.plaid;
    let linked = plaid.link("ins_109508", json!({})).await;
    let body = json!({
        "access_token": linked.access_token,
        "account_id": plaid.account(&linked, "savings").await,
        "processor": "dwolla",
    });
    let answer = plaid.call("/processor/token/create", body).await.ok();
    plaid
        .call("/item/remove", json!({"access_token": linked.access_token}))
        .await
        .ok();
    let body = json!({"processor_token": answer["processor_token"]});
    assert_eq!(
        plaid.call("/processor/auth/get", body).await.code(),
        "ITEM_NOT_FOUND"
    );
}

#[tokio::test]
async fn second_exchange_does_what_the_setting_says() {
    let sandbox = Sandbox::start().await;
    let plaid = &sandbox.plaid;
    let body = json!({"public_token": plaid.public_token("ins_109508", json!({})).await});
    let first = plaid
        .call("/item/public_token/exchange", body.clone())
        .await
        .ok();
    let second = plaid
        .call("/item/public_token/exchange", body.clone())
        .await;
    assert_eq!(second.code(), "INVALID_PUBLIC_TOKEN");
    plaid
        .control("POST", "/settings", json!({"second_exchange": "same_item"}))
        .await;
    let third = plaid.call("/item/public_token/exchange", body).await.ok();
    assert_eq!(third["item_id"], first["item_id"]);
    assert_eq!(third["access_token"], first["access_token"]);
    assert_eq!(plaid.live_items().await.len(), 1);
}

#[tokio::test]
async fn invalidated_access_token_dies_and_its_successor_lives() {
    let sandbox = Sandbox::start().await;
    let plaid = &sandbox.plaid;
    let linked = plaid.link("ins_109508", json!({})).await;
    let old = json!({"access_token": linked.access_token});
    let answer = plaid
        .call("/item/access_token/invalidate", old.clone())
        .await
        .ok();
    assert_eq!(
        plaid.call("/item/get", old).await.code(),
        "INVALID_ACCESS_TOKEN"
    );
    let new = json!({"access_token": answer["new_access_token"]});
    assert_eq!(
        plaid.call("/item/get", new).await.ok()["item"]["item_id"],
        linked.item_id
    );
}

#[tokio::test]
async fn keys_are_taken_from_headers_or_body_and_must_be_right() {
    let sandbox = Sandbox::start().await;
    let plaid = &sandbox.plaid;
    let url = format!("{}/link/token/create", plaid.base);
    let in_body = with(link_token_request(), "client_id", json!(CLIENT_ID));
    let in_body = with(in_body, "secret", json!(SECRET));
    let answer = plaid.http.post(&url).json(&in_body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let wrong = with(link_token_request(), "secret", json!("wrong"));
    assert_eq!(
        plaid.call("/link/token/create", wrong).await.code(),
        "INVALID_API_KEYS"
    );
    let answer = plaid
        .http
        .post(&url)
        .json(&link_token_request())
        .send()
        .await
        .unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["error_code"], "MISSING_FIELDS");
}

#[tokio::test]
async fn body_that_is_no_json_object_is_refused() {
    let sandbox = Sandbox::start().await;
    for body in ["", "{\"a\":", "[]", "null"] {
        let request = sandbox.plaid.request("/item/get", &json!({})).body(body);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["error_code"], "INVALID_BODY", "{body}");
        assert!(answer["display_message"].is_null());
        assert_eq!(answer["error_type"], "INVALID_REQUEST");
    }
}

#[tokio::test]
async fn link_token_request_is_checked_as_plaid_checks_it() {
    let sandbox = Sandbox::start().await;
    let good = link_token_request;
    for (name, value, code) in [
        ("colour", json!("red"), "UNKNOWN_FIELDS"),
        ("auth", json!({"instant": true}), "UNKNOWN_FIELDS"),
        ("country_codes", json!(["XX"]), "INVALID_FIELD"),
        ("country_codes", json!([]), "INVALID_FIELD"),
        ("language", json!("klingon"), "INVALID_FIELD"),
        ("user", Value::Null, "INVALID_FIELD"),
        ("user", json!({}), "MISSING_FIELDS"),
        ("client_name", Value::Null, "MISSING_FIELDS"),
        ("products", json!([]), "INVALID_FIELD"),
        ("products", json!(["balance"]), "INVALID_PRODUCT"),
        ("optional_products", json!(["auth"]), "INVALID_FIELD"),
        ("webhook", json!("example.com"), "INVALID_FIELD"),
        (
            "redirect_uri",
            json!("https://example.com/?a=b"),
            "INVALID_FIELD",
        ),
        (
            "redirect_uri",
            json!("https://example.com/#a"),
            "INVALID_FIELD",
        ),
        (
            "redirect_uri",
            json!("http://example.com/"),
            "INVALID_FIELD",
        ),
        (
            "hosted_link",
            json!({"url_lifetime_seconds": 1_814_401}),
            "INVALID_FIELD",
        ),
        (
            "update",
            json!({"account_selection_enabled": true}),
            "INVALID_FIELD",
        ),
        (
            "access_token",
            json!("access-sandbox-1"),
            "INVALID_ACCESS_TOKEN",
        ),
    ] {
        let body = with(good(), name, value.clone());
        let answer = sandbox.plaid.call("/link/token/create", body).await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.code(), code, "{name}: {value}");
    }
    let local = with(
        good(),
        "redirect_uri",
        json!("http://localhost:3000/oauth-return"),
    );
    sandbox.plaid.call("/link/token/create", local).await.ok();
}

#[tokio::test]
async fn user_or_user_id_is_required() {
    let sandbox = Sandbox::start().await;
    let mut body = link_token_request();
    body.as_object_mut().unwrap().remove("user");
    let answer = sandbox.plaid.call("/link/token/create", body.clone()).await;
    assert_eq!(answer.code(), "MISSING_FIELDS");
    sandbox
        .plaid
        .call("/link/token/create", with(body, "user_id", json!("usr_1")))
        .await
        .ok();
}

#[tokio::test]
async fn wrong_tokens_are_told_apart_from_removed_items() {
    let sandbox = Sandbox::start().await;
    let plaid = &sandbox.plaid;
    let linked = plaid.link("ins_109508", json!({})).await;
    let foreign = linked.access_token.replace("sandbox", "production");
    for token in ["nonsense", "access-sandbox-1", foreign.as_str()] {
        let answer = plaid
            .call("/item/get", json!({"access_token": token}))
            .await;
        assert_eq!(answer.code(), "INVALID_ACCESS_TOKEN", "{token}");
    }
    let body = json!({"processor_token": "processor-sandbox-1"});
    assert_eq!(
        plaid.call("/processor/auth/get", body).await.code(),
        "INVALID_PROCESSOR_TOKEN"
    );
    let body = json!({"link_token": "link-sandbox-1"});
    assert_eq!(
        plaid.call("/link/token/get", body).await.code(),
        "INVALID_LINK_TOKEN"
    );
}

#[tokio::test]
async fn processor_token_needs_a_fitting_account_processor_and_product() {
    let sandbox = Sandbox::start().await;
    let plaid = &sandbox.plaid;
    let linked = plaid.link("ins_109508", json!({})).await;
    let body = |account_id: &str, processor: &str| {
        json!({
            "access_token": linked.access_token,
            "account_id": account_id,
            "processor": processor,
        })
    };
    let checking = plaid.account(&linked, "checking").await;
    let card = plaid.account(&linked, "credit card").await;
    for (account_id, processor, code) in [
        (checking.as_str(), "nobody", "INVALID_FIELD"),
        ("another", "astra", "INVALID_ACCOUNT_ID"),
        (card.as_str(), "astra", "ITEM_NOT_SUPPORTED"),
    ] {
        let answer = plaid
            .call("/processor/token/create", body(account_id, processor))
            .await;
        assert_eq!(answer.code(), code, "{processor}");
    }
    plaid
        .control(
            "POST",
            "/settings",
            json!({"enabled_processors": ["dwolla"]}),
        )
        .await;
    let answer = plaid
        .call("/processor/token/create", body(&checking, "astra"))
        .await;
    assert_eq!(answer.code(), "INVALID_PRODUCT");
}

#[tokio::test]
async fn pending_micro_deposit_holds_back_numbers_and_processor_token() {
    let sandbox = Sandbox::start().await;
    let plaid = &sandbox.plaid;
    let options = json!({"override_username": "microdeposits_good"});
    let linked = plaid.link("ins_109512", options).await;
    let accounts = plaid.accounts(&linked).await;
    assert_eq!(
        accounts[0]["verification_status"],
        "pending_automatic_verification"
    );
    let auth = json!({"access_token": linked.access_token});
    assert_eq!(
        plaid.call("/auth/get", auth).await.code(),
        "PRODUCT_NOT_READY"
    );
    let body = json!({
        "access_token": linked.access_token,
        "account_id": accounts[0]["account_id"],
        "processor": "astra",
    });
    let early = plaid.call("/processor/token/create", body.clone()).await;
    assert_eq!(early.code(), "PRODUCT_NOT_READY");
    plaid
        .control(
            "POST",
            "/settings",
            json!({"processor_token_while_pending": true}),
        )
        .await;
    plaid.call("/processor/token/create", body).await.ok();
}

#[tokio::test]
async fn item_in_need_of_a_login_still_shows_itself() {
    let sandbox = Sandbox::start().await;
    let plaid = &sandbox.plaid;
    let linked = plaid.link("ins_109508", json!({})).await;
    let body = json!({"access_token": linked.access_token});
    plaid
        .call("/sandbox/item/reset_login", body.clone())
        .await
        .ok();
    assert_eq!(
        plaid.call("/auth/get", body.clone()).await.code(),
        "ITEM_LOGIN_REQUIRED"
    );
    let answer = plaid.call("/item/get", body).await.ok();
    assert_eq!(answer["item"]["error"]["error_code"], "ITEM_LOGIN_REQUIRED");
}

#[tokio::test]
async fn unknown_path_is_not_found() {
    let sandbox = Sandbox::start().await;
    let answer = sandbox.plaid.call("/item/delete", json!({})).await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.code(), "NOT_FOUND");
}
